"""Bytes in, deltas and one completion out: a small decoder of OpenAI's chat stream that does no I/O.

The SDK spends about half of its time building objects for every piece of text; reading the few fields we use costs
a tenth of that. Anything that is not what the protocol promises is an error here, never a silent success.
"""

import json
from collections.abc import Iterator
from typing import Any

from apps.core.text import storable
from apps.generation.gateway import errors
from apps.generation.gateway.types import Completion, Delta, ReportedUsage

LINE_BYTES_MAX = 4_000_000
FINISH_REASONS = {"stop", "length", "content_filter"}


class StreamDecoder:
    """Decodes one stream. Feed bytes as they come, then call `finish` when the connection has ended."""

    def __init__(self) -> None:
        self.started = False
        self._buffer = bytearray()
        self._finish_reason = ""
        self._response_model = ""
        self._usage: ReportedUsage | None = None
        self._done = False

    def feed(self, data: bytes) -> Iterator[Delta]:
        """Yield the deltas in these bytes. Raises MalformedStreamError, or the provider's own error sent mid-stream."""
        self._buffer += data
        if len(self._buffer) > LINE_BYTES_MAX:
            raise errors.MalformedStreamError("a line without an end")
        # Looking through the whole buffer each time would make a line without an end cost the square of its length.
        if b"\n" not in data:
            return
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = bytearray(rest)
        for line in lines:
            yield from self._line(bytes(line))

    def finish(self) -> Completion:
        """Return the completion. Raises StreamInterruptedError when the stream ended without a finish reason."""
        if not self._finish_reason:
            raise errors.StreamInterruptedError("the stream ended without a finish reason")
        return Completion(self._finish_reason, self._response_model, self._usage)

    def _line(self, line: bytes) -> Iterator[Delta]:
        if self._done or not line.startswith(b"data:"):
            return
        payload = line[5:].strip()
        if payload == b"[DONE]":
            self._done = True
            return
        try:
            chunk = json.loads(payload)
        except ValueError as error:  # bad JSON and bad UTF-8 alike
            raise errors.MalformedStreamError(str(error)) from error
        if not isinstance(chunk, dict):
            raise errors.MalformedStreamError("a chunk that is no object")
        yield from self._chunk(chunk)

    def _chunk(self, chunk: dict[str, Any]) -> Iterator[Delta]:
        if chunk.get("error"):
            raise error_of(chunk["error"], status=500)
        self._response_model = str(chunk.get("model") or self._response_model)[:128]
        self._usage = usage_of(chunk.get("usage")) or self._usage
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return
        delta = choice.get("delta")
        if isinstance(delta, dict):
            for piece in _deltas(delta):
                self.started = True
                yield piece
        reason = choice.get("finish_reason")
        if reason:
            self._finish_reason = reason if reason in FINISH_REASONS else "stop"


def _deltas(delta: dict[str, Any]) -> Iterator[Delta]:
    for key in ("content", "refusal"):
        text = delta.get(key)
        if isinstance(text, str) and (clean := storable(text)):
            yield Delta(clean, refusal=key == "refusal")


def usage_of(usage: object) -> ReportedUsage | None:
    """Return the claimed usage, or None when there is none or it is not made of whole numbers."""
    if not isinstance(usage, dict):
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    counts = [usage.get("prompt_tokens"), usage.get("completion_tokens"), cached or 0]
    whole = [count for count in counts if isinstance(count, int) and not isinstance(count, bool)]
    return ReportedUsage(*whole) if len(whole) == len(counts) else None


def error_of(body: object, *, status: int, retry_after_seconds: float | None = None) -> errors.ProviderError:
    """Classify an error object of OpenAI's shape by its code first and its HTTP status second."""
    fields = body if isinstance(body, dict) else {}
    code, kind = str(fields.get("code") or ""), str(fields.get("type") or "")
    detail = storable(str(fields.get("message") or body or ""))[:500]
    error_class = _BY_CODE.get(code) or _BY_CODE.get(kind) or _BY_STATUS.get(status)
    if error_class is None:
        error_class = errors.ProviderUnavailableError if status >= 500 else errors.ProviderRequestRefusedError
    return error_class(f"{status}: {detail}", retry_after_seconds=retry_after_seconds)


_BY_CODE: dict[str, type[errors.ProviderError]] = {
    "insufficient_quota": errors.ProviderQuotaExhaustedError,
    "context_length_exceeded": errors.ContextLengthExceededError,
    "invalid_api_key": errors.ProviderAuthenticationError,
    "model_not_found": errors.ModelNotFoundError,
    "content_filter": errors.ContentFilteredError,
    "content_policy_violation": errors.ContentFilteredError,
}
_BY_STATUS: dict[int, type[errors.ProviderError]] = {
    401: errors.ProviderAuthenticationError,
    403: errors.ProviderAuthenticationError,
    404: errors.ModelNotFoundError,
    408: errors.ProviderUnavailableError,
    409: errors.ProviderUnavailableError,
    429: errors.ProviderRateLimitedError,
}
