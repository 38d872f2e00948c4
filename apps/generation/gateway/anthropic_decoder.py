"""Bytes in, deltas and one completion out: Anthropic's stream of messages. No I/O."""

from collections.abc import Iterator
from typing import Any

from apps.core.text import storable
from apps.generation.gateway import errors
from apps.generation.gateway.event_lines import EventLines
from apps.generation.gateway.types import Completion, Delta, ReportedUsage

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}


class MessagesDecoder:
    """Decodes one stream. Feed bytes as they come, then call `finish` when the connection has ended."""

    def __init__(self) -> None:
        self.started = False
        self._lines = EventLines()
        self._finish_reason = ""
        self._response_model = ""
        # The counts of the beginning are completed, and corrected, by those of the end.
        self._usage: dict[str, Any] = {}
        self._is_whole = False

    def feed(self, data: bytes) -> Iterator[Delta]:
        """Yield the deltas in these bytes. Raises MalformedStreamError, or the provider's own error sent mid-stream."""
        for event in self._lines.feed(data):
            yield from self._event(event)

    def finish(self) -> Completion:
        """Return the completion. Raises StreamInterruptedError when the stream ended before its last event."""
        if not self._finish_reason or not self._is_whole:
            raise errors.StreamInterruptedError("the stream ended without a stop reason")
        return Completion(self._finish_reason, self._response_model, usage_of(self._usage))

    def _event(self, event: dict[str, Any]) -> Iterator[Delta]:
        kind = event.get("type")
        if kind == "error":
            raise error_of(event, status=500)
        if kind == "message_start":
            message = _object(event, "message")
            self._response_model = storable(str(message.get("model") or ""))[:128]
            self._usage |= _object(message, "usage")
        elif kind == "content_block_delta":
            text = _object(event, "delta").get("text")
            if isinstance(text, str) and (clean := storable(text)):
                self.started = True
                yield Delta(clean)
        elif kind == "message_delta":
            reason = _object(event, "delta").get("stop_reason")
            if reason:
                self._finish_reason = FINISH_REASONS.get(reason, "stop") if isinstance(reason, str) else "stop"
            self._usage |= _object(event, "usage")
        elif kind == "message_stop":
            self._is_whole = True


def usage_of(usage: dict[str, Any]) -> ReportedUsage | None:
    """Return the claimed usage, or None unless it is made of whole numbers. What was cached is counted apart here."""
    cached = [usage.get("cache_creation_input_tokens") or 0, usage.get("cache_read_input_tokens") or 0]
    counts = [usage.get("input_tokens"), *cached, usage.get("output_tokens")]
    whole = [count for count in counts if type(count) is int]
    if len(whole) != len(counts):
        return None
    fresh, written, read, output = whole
    # A negative part must not hide in the sum.
    return ReportedUsage(fresh + written + read if min(whole) >= 0 else -1, output, read)


def error_of(body: object, *, status: int, retry_after_seconds: float | None = None) -> errors.ProviderError:
    """Classify an error object of Anthropic's shape by its words, its type and its HTTP status, in this order."""
    fields = _object(body, "error") if isinstance(body, dict) else {}
    kind, message = str(fields.get("type") or ""), storable(str(fields.get("message") or body or ""))
    words = next((error for part, error in _BY_WORDS.items() if part in message.lower()), None)
    error_class = words or _BY_TYPE.get(kind)
    if error_class is None:
        error_class = errors.ProviderUnavailableError if status >= 500 else _BY_STATUS.get(status)
    error_class = error_class or errors.ProviderRequestRefusedError
    return error_class(f"{status}: {message[:500]}", retry_after_seconds=retry_after_seconds)


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


# Both come as an invalid_request_error, which says nothing of who could do something about it.
_BY_WORDS: dict[str, type[errors.ProviderError]] = {
    "prompt is too long": errors.ContextLengthExceededError,
    "credit balance is too low": errors.ProviderQuotaExhaustedError,
}
_BY_TYPE: dict[str, type[errors.ProviderError]] = {
    "authentication_error": errors.ProviderAuthenticationError,
    "permission_error": errors.ProviderAuthenticationError,
    "billing_error": errors.ProviderQuotaExhaustedError,
    "not_found_error": errors.ModelNotFoundError,
    "request_too_large": errors.ContextLengthExceededError,
    "rate_limit_error": errors.ProviderRateLimitedError,
    "timeout_error": errors.ProviderUnavailableError,
    "api_error": errors.ProviderUnavailableError,
    "overloaded_error": errors.ProviderUnavailableError,
}
_BY_STATUS: dict[int, type[errors.ProviderError]] = {
    401: errors.ProviderAuthenticationError,
    402: errors.ProviderQuotaExhaustedError,
    403: errors.ProviderAuthenticationError,
    404: errors.ModelNotFoundError,
    408: errors.ProviderUnavailableError,
    413: errors.ContextLengthExceededError,
    429: errors.ProviderRateLimitedError,
}
