"""Everything that can go wrong with a provider, with a stable code, a sentence for people, and what to do about it."""

from enum import StrEnum
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(StrEnum):
    """Who can do something about an error: its user, by another text; anybody, by trying again; staff."""

    USER = "user"
    RETRY = "retry"
    FATAL = "fatal"


class ProviderError(Exception):
    """A provider call that did not succeed.

    Before anything was shown: `retryable` says that another attempt may work, `fails_over` that another model may
    answer. `unhealthy` counts against the provider (breaker.py). `http_status` is what a program is answered.
    """

    code: ClassVar[str] = "provider_error"
    kind: ClassVar[Kind] = Kind.FATAL
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    fails_over: ClassVar[bool] = False
    unhealthy: ClassVar[bool] = False
    sentence: ClassVar[str | Promise] = _("The model failed. You were not charged; please try again.")

    def __init__(self, detail: str = "", *, retry_after_seconds: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
        # Of the response that says so, if there was one.
        self.response_status: int | None = None
        self.request_id = ""

    @property
    def alarm(self) -> bool:
        """Whether staff must act."""
        return self.kind is Kind.FATAL


class WorthARetryError(ProviderError):
    """Nobody is at fault: the same may work in a moment, or elsewhere."""

    kind = Kind.RETRY
    http_status = 503
    fails_over = True


class OfTheTextError(ProviderError):
    """The same text would end the same way."""

    kind = Kind.USER
    http_status = 422


class ProviderRateLimitedError(WorthARetryError):
    code = "provider_rate_limited"
    retryable = True
    sentence = _("The model is very busy right now. You were not charged; please try again in a minute.")


class ProviderUnavailableError(WorthARetryError):
    code = "provider_unavailable"
    retryable = True
    unhealthy = True
    sentence = _("The model cannot be reached right now. You were not charged; please try again in a minute.")


class ProviderQuotaExhaustedError(ProviderError):
    code = "provider_quota_exhausted"
    http_status = 503
    fails_over = True
    unhealthy = True
    sentence = _("The model is not available right now. You were not charged; we have been told.")


class ProviderAuthenticationError(ProviderQuotaExhaustedError):
    code = "provider_authentication_failed"


class ModelNotFoundError(ProviderQuotaExhaustedError):
    code = "model_not_found"
    unhealthy = False


class ContextLengthExceededError(OfTheTextError):
    code = "context_length_exceeded"
    sentence = _("Your text is too long for this model. You were not charged; please shorten it.")


class ProviderRequestRefusedError(ProviderError):
    code = "provider_request_refused"
    http_status = 502
    fails_over = True
    sentence = _("The model did not accept this request. You were not charged; please change it and try again.")


class MalformedStreamError(WorthARetryError):
    code = "malformed_stream"
    http_status = 502
    unhealthy = True
    sentence = _("The model's answer could not be read. You were not charged; please try again.")


class StreamInterruptedError(WorthARetryError):
    code = "stream_interrupted"
    http_status = 502
    unhealthy = True
    sentence = _("The answer broke off. What arrived is kept, and you were not charged; please try again.")


class FirstTokenTimeoutError(WorthARetryError):
    code = "first_token_timeout"
    http_status = 504
    retryable = True
    unhealthy = True
    sentence = _("The model did not start to answer in time. You were not charged; please try again.")


class IdleTimeoutError(WorthARetryError):
    code = "idle_timeout"
    http_status = 504
    unhealthy = True
    sentence = _("The model stopped in the middle of its answer. What arrived is kept, and you were not charged.")


class TotalTimeoutError(WorthARetryError):
    code = "total_timeout"
    http_status = 504
    fails_over = False
    sentence = _("The answer took too long. What arrived is kept, and you were not charged.")


class OutputCapExceededError(WorthARetryError):
    code = "output_cap_exceeded"
    http_status = 502
    fails_over = False
    sentence = _("The model did not stop writing. What arrived is kept, and you were not charged.")


class ContentFilteredError(OfTheTextError):
    code = "content_filtered"
    sentence = _("The provider's content filter stopped this answer. You were not charged; please rephrase your text.")


class ModelRefusedError(OfTheTextError):
    code = "refused_by_model"
    sentence = _("The model declined to answer this. You were not charged; please rephrase your text.")


class InputModeratedError(OfTheTextError):
    code = "input_moderated"
    sentence = _(
        "This text breaks our rules for content, so it was not sent. You were not charged; please rephrase it."
    )


class OutputModeratedError(OfTheTextError):
    code = "output_moderated"
    sentence = _("The answer broke our rules for content and was taken back. You were not charged.")


class ModerationUnavailableError(ProviderError):
    code = "moderation_unavailable"
    http_status = 503
    sentence = _("Your text could not be checked, so it was not sent. You were not charged; please try again later.")


class OutputRefusedError(OfTheTextError):
    """The answer held what its template does not show."""

    code = "output_refused"
    sentence = _("The answer held personal data or secrets and was stopped there. You were not charged.")


class EmptyAnswerError(WorthARetryError):
    code = "empty_answer"
    http_status = 502
    fails_over = False
    sentence = _("The model sent an empty answer. You were not charged; please try again.")


class InvalidOutputError(WorthARetryError):
    """Neither the answer nor the second one had the form that the template asks for."""

    code = "invalid_output"
    fails_over = False
    sentence = _("The model's answers did not keep to what this template asks for. You were not charged; try again.")


class ToolRoundsExceededError(WorthARetryError):
    code = "tool_rounds_exceeded"
    fails_over = False
    sentence = _("The model went on calling tools and never answered. You were not charged; please try again.")


class PausedError(WorthARetryError):
    """Staff have stopped this kind of work; the detail is what they tell people."""

    code = "generation_paused"
    fails_over = False
    sentence = _("Generating is paused for now. You were not charged; please try again later.")


class ModelPausedError(PausedError):
    """Staff have stopped this model or its provider: another one may answer."""

    fails_over = True


class CanceledError(ProviderError):
    """The user pressed Stop."""

    code = "canceled"
    kind = Kind.USER
    http_status = 409
    sentence = _("You stopped this run.")


class StoppedByStaffError(CanceledError):
    """Staff have stopped what runs; the detail is what they tell people."""


class LeaseLostError(WorthARetryError):
    """Another process has finished this generation; nothing of ours may land any more."""

    code = "lease_lost"
    fails_over = False


class WorkerLostError(WorthARetryError):
    """The worker died; the sweeper finished the generation with the text that had reached the reader."""

    code = "worker_lost"
    fails_over = False
    sentence = _("This run was interrupted. What arrived is kept, and you were not charged; please try again.")


class QueueTimeoutError(WorthARetryError):
    code = "queue_timeout"
    fails_over = False
    sentence = _("No worker was free in time. You were not charged; please try again in a minute.")


def find(code: str) -> type[ProviderError] | None:
    """Return the error of a code; None for a code that nothing ends with any more."""
    return next((error for error in PROVIDER_ERRORS if error.code == code), None)


def sentence_for(code: str) -> str | Promise:
    """Return the sentence of an error code, for a page that shows a stored failure."""
    return _SENTENCES.get(code, ProviderError.sentence)


def _all_subclasses(root: type[ProviderError]) -> list[type[ProviderError]]:
    return [root, *(child for direct in root.__subclasses__() for child in _all_subclasses(direct))]


# The classes between are no errors of their own.
PROVIDER_ERRORS = [error for error in _all_subclasses(ProviderError) if "code" in vars(error)]
_SENTENCES = {error.code: error.sentence for error in PROVIDER_ERRORS}
