"""Anticipated refusals: one class each, beside the function that raises it, all of them children of DomainError."""

from collections.abc import Sequence
from typing import ClassVar

from django.db import InterfaceError, OperationalError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from apps.core.rate_headers import Reading


class DomainError(Exception):
    """A refusal that a person can understand and a program can tell by its code.

    `code` is stable (programs match on it), `status` is the HTTP status, `sentence` says what happened
    and the next step; `readings` are the limits that were reached.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    sentence: str | Promise = _("This could not be done.")
    retry_after_seconds: int | None = None
    readings: Sequence[Reading] = ()

    def __init__(self, sentence: str | Promise | None = None, *, retry_after_seconds: int | None = None) -> None:
        if sentence is not None:
            self.sentence = sentence
        if retry_after_seconds is not None:
            self.retry_after_seconds = retry_after_seconds
        super().__init__(str(self.sentence))


class UnavailableError(DomainError):
    """PostgreSQL or Redis did not answer in time."""

    code = "unavailable"
    status = 503
    sentence = _("We are having trouble right now. Nothing was lost; please try again in a moment.")
    retry_after_seconds = 5


def is_outage(exception: BaseException | None) -> bool:
    """Tell whether an exception means that PostgreSQL or Redis is away, or did not answer in time."""
    return isinstance(exception, OperationalError | InterfaceError | RedisError)
