"""Anticipated refusals: one class each, beside the function that raises it, all of them children of DomainError."""

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A refusal that a person can understand and a program can tell by its code.

    `code` is stable (programs match on it), `status` is the HTTP status, `sentence` says what happened and the next step.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    sentence: str | Promise = _("This could not be done.")
    retry_after_seconds: int | None = None

    def __init__(self, sentence: str | Promise | None = None, *, retry_after_seconds: int | None = None) -> None:
        if sentence is not None:
            self.sentence = sentence
        if retry_after_seconds is not None:
            self.retry_after_seconds = retry_after_seconds
        super().__init__(str(self.sentence))
