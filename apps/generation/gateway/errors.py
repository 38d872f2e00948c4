"""Everything that can go wrong with a provider, with a stable code and a sentence for the person who waits."""

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ProviderError(Exception):
    """A provider call that did not succeed.

    `retryable`: another attempt may work, as long as nothing was shown yet. `alarm`: staff must act.
    """

    code: ClassVar[str] = "provider_error"
    retryable: ClassVar[bool] = False
    alarm: ClassVar[bool] = False
    sentence: ClassVar[str | Promise] = _("The model failed. You were not charged; please try again.")

    def __init__(self, detail: str = "", *, retry_after_seconds: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds


class ProviderRateLimitedError(ProviderError):
    code = "provider_rate_limited"
    retryable = True
    sentence = _("The model is very busy right now. You were not charged; please try again in a minute.")


class ProviderUnavailableError(ProviderError):
    code = "provider_unavailable"
    retryable = True
    sentence = _("The model cannot be reached right now. You were not charged; please try again in a minute.")


class ProviderQuotaExhaustedError(ProviderError):
    code = "provider_quota_exhausted"
    alarm = True
    sentence = _("The model is not available right now. You were not charged; we have been told.")


class ProviderAuthenticationError(ProviderQuotaExhaustedError):
    code = "provider_authentication_failed"


class ModelNotFoundError(ProviderQuotaExhaustedError):
    code = "model_not_found"


class ContextLengthExceededError(ProviderError):
    code = "context_length_exceeded"
    sentence = _("Your text is too long for this model. You were not charged; please shorten it.")


class ProviderRequestRefusedError(ProviderError):
    code = "provider_request_refused"
    alarm = True
    sentence = _("The model did not accept this request. You were not charged; please change it and try again.")


class MalformedStreamError(ProviderError):
    code = "malformed_stream"
    sentence = _("The model's answer could not be read. You were not charged; please try again.")


class StreamInterruptedError(ProviderError):
    code = "stream_interrupted"
    sentence = _("The answer broke off. What arrived is kept, and you were not charged; please try again.")


class FirstTokenTimeoutError(ProviderError):
    code = "first_token_timeout"
    retryable = True
    sentence = _("The model did not start to answer in time. You were not charged; please try again.")


class IdleTimeoutError(ProviderError):
    code = "idle_timeout"
    sentence = _("The model stopped in the middle of its answer. What arrived is kept, and you were not charged.")


class TotalTimeoutError(ProviderError):
    code = "total_timeout"
    sentence = _("The answer took too long. What arrived is kept, and you were not charged.")


class OutputCapExceededError(ProviderError):
    code = "output_cap_exceeded"
    sentence = _("The model did not stop writing. What arrived is kept, and you were not charged.")


class ContentFilteredError(ProviderError):
    code = "content_filtered"
    sentence = _("The provider's content filter stopped this answer. You were not charged; please rephrase your text.")


class ModelRefusedError(ProviderError):
    code = "refused_by_model"
    sentence = _("The model declined to answer this. You were not charged; please rephrase your text.")


class EmptyAnswerError(ProviderError):
    code = "empty_answer"
    sentence = _("The model sent an empty answer. You were not charged; please try again.")


class CanceledError(ProviderError):
    """The user pressed Stop."""

    code = "canceled"
    sentence = _("You stopped this run.")


class LeaseLostError(ProviderError):
    """Another process has finished this generation; nothing of ours may land any more."""

    code = "lease_lost"


class WorkerLostError(ProviderError):
    """The worker died; the sweeper finished the generation with the text that had reached the reader."""

    code = "worker_lost"
    sentence = _("This run was interrupted. What arrived is kept, and you were not charged; please try again.")


class QueueTimeoutError(ProviderError):
    code = "queue_timeout"
    sentence = _("No worker was free in time. You were not charged; please try again in a minute.")


def sentence_for(code: str) -> str | Promise:
    """Return the sentence of an error code, for a page that shows a stored failure."""
    return _SENTENCES.get(code, ProviderError.sentence)


def _all_subclasses(root: type[ProviderError]) -> list[type[ProviderError]]:
    return [root, *(child for direct in root.__subclasses__() for child in _all_subclasses(direct))]


PROVIDER_ERRORS = _all_subclasses(ProviderError)
_SENTENCES = {error.code: error.sentence for error in PROVIDER_ERRORS}
