"""Bytes in, deltas and one completion out: a small decoder of OpenAI's chat stream that does no I/O.

The SDK spends about half of its time building objects for every piece of text; reading the few fields we use costs
a tenth of that. Anything that is not what the protocol promises is an error here, never a silent success.
"""

from collections.abc import Iterator
from typing import Any

from apps.core.text import storable
from apps.generation.gateway import errors
from apps.generation.gateway.event_lines import EventLines
from apps.generation.gateway.types import Completion, Delta, ReportedUsage, ToolCall

FINISH_REASONS = {"stop", "length", "content_filter"}
# Far above what any run allows; a stream that calls without end is no answer.
TOOL_CALLS_MAX, TOOL_ARGUMENTS_CHARACTERS_MAX = 32, 20_000


class StreamDecoder:
    """Decodes one stream. Feed bytes as they come, then call `finish` when the connection has ended."""

    def __init__(self) -> None:
        self.started = False
        self._lines = EventLines()
        self._finish_reason = ""
        self._response_model = ""
        self._usage: ReportedUsage | None = None
        self._tool_calls: dict[int, ToolCall] = {}

    def feed(self, data: bytes) -> Iterator[Delta]:
        """Yield the deltas in these bytes. Raises MalformedStreamError, or the provider's own error sent mid-stream."""
        for chunk in self._lines.feed(data):
            yield from self._chunk(chunk)

    def finish(self) -> Completion:
        """Return the completion. Raises StreamInterruptedError when the stream ended without a finish reason."""
        if not self._finish_reason:
            raise errors.StreamInterruptedError("the stream ended without a finish reason")
        calls = tuple(call for _index, call in sorted(self._tool_calls.items()))
        return Completion(self._finish_reason, self._response_model, self._usage, calls)

    def _chunk(self, chunk: dict[str, Any]) -> Iterator[Delta]:
        if chunk.get("error"):
            raise error_of(chunk["error"], status=500)
        self._response_model = storable(str(chunk.get("model") or self._response_model))[:128]
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
            self._gather_calls(delta.get("tool_calls"))
        reason = choice.get("finish_reason")
        if reason:
            self._finish_reason = reason if reason in FINISH_REASONS else "stop"

    def _gather_calls(self, pieces: object) -> None:
        """Put together the calls of tools, whose arguments come in pieces. Raises MalformedStreamError."""
        for piece in pieces if isinstance(pieces, list) else []:
            index = piece.get("index") if isinstance(piece, dict) else None
            if type(index) is not int or not 0 <= index < TOOL_CALLS_MAX:
                raise errors.MalformedStreamError("a call of a tool without its place")
            function = piece.get("function") if isinstance(piece.get("function"), dict) else {}
            known = self._tool_calls.get(index, ToolCall(id=f"call_{index}", name="", arguments=""))
            name = storable(str(function.get("name") or known.name))[:64]
            arguments = known.arguments + storable(str(function.get("arguments") or ""))
            if len(arguments) > TOOL_ARGUMENTS_CHARACTERS_MAX:
                raise errors.MalformedStreamError("a call of a tool without an end")
            self._tool_calls[index] = ToolCall(str(piece.get("id") or known.id)[:64], name, arguments)


def _deltas(delta: dict[str, Any]) -> Iterator[Delta]:
    for key in ("content", "refusal"):
        text = delta.get(key)
        if isinstance(text, str) and (clean := storable(text)):
            yield Delta(clean, refusal=key == "refusal")


def usage_of(usage: object) -> ReportedUsage | None:
    """Return the claimed usage, or None when there is none or it is not made of whole numbers."""
    if not isinstance(usage, dict):
        return None
    cached = _detail(usage, "prompt_tokens_details", "cached_tokens")
    reasoning = _detail(usage, "completion_tokens_details", "reasoning_tokens")
    total = usage.get("total_tokens")
    counts = [usage.get("prompt_tokens"), usage.get("completion_tokens"), cached, reasoning]
    counts += [] if total is None else [total]
    # A bool is an int to Python.
    whole = [count for count in counts if type(count) is int]
    return ReportedUsage(*whole) if len(whole) == len(counts) else None


def _detail(usage: dict[str, Any], part: str, name: str) -> object:
    """Return a count that providers may leave out, or leave empty."""
    details = usage.get(part)
    return (details.get(name) if isinstance(details, dict) else 0) or 0


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
    402: errors.ProviderQuotaExhaustedError,
    403: errors.ProviderAuthenticationError,
    404: errors.ModelNotFoundError,
    408: errors.ProviderUnavailableError,
    409: errors.ProviderUnavailableError,
    429: errors.ProviderRateLimitedError,
}
