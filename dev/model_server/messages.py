"""Anthropic's Messages: what a request is checked for, and how a call is answered; the models are the same ones."""

from typing import Any

from dev.model_server import wire
from dev.model_server.call import Call, Usage
from dev.model_server.chat_request import ChatRequest
from dev.model_server.dialect import Dialect
from dev.model_server.wire import RefusalError

STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}
# What OpenAI says by a code is told in words here, or by another type.
WORDS = {"context_length_exceeded": "prompt is too long: 9000 tokens > 8192 maximum"}
TYPES = {"insufficient_quota": "billing_error"}


def _error_body(refusal: RefusalError) -> dict[str, Any]:
    error = refusal.body["error"]
    code = str(error["code"])
    kind = ERROR_TYPES.get(refusal.status, "api_error" if refusal.status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": TYPES.get(code, kind), "message": WORDS.get(code, error["message"])}}


MESSAGES = Dialect(
    path="messages",
    id_header="request-id",
    key_header="x-api-key",
    key_pattern=r"(\S+)",
    error_body=_error_body,
)


def check_fields(fields: dict[str, Any]) -> ChatRequest:
    """Return the checked request. Raises RefusalError naming what is wrong."""
    output_tokens_max = fields.get("max_tokens")
    if type(output_tokens_max) is not int or output_tokens_max < 1:
        raise _invalid("max_tokens: Field required")
    if not fields.get("stream"):
        raise _invalid("stream: this server only streams messages")
    system = fields.get("system", "")
    if not isinstance(system, str):
        raise _invalid("system: Input should be a valid string")
    messages = _check_messages(fields.get("messages"))
    return ChatRequest(
        model=fields["model"],
        messages=[*([{"role": "system", "content": system}] if system else []), *messages],
        stream=True,
        include_usage=True,
        output_tokens_max=output_tokens_max,
    )


class MessagesCall(Call):
    """A call that is answered in Anthropic's events."""

    async def write_delta(self, delta: Any) -> None:
        """Stream one delta of text, or a ping in the place of anything odd."""
        text = (delta.get("content") or delta.get("refusal")) if isinstance(delta, dict) else None
        await self._begin_deltas()
        if text is None:
            await self._send("ping", {})
            return
        await self._send("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": text}})

    async def write_choices(self, choices: Any) -> None:
        """Stream something without text."""
        await self.write_delta(None)

    async def write_error(self, error: dict[str, Any]) -> None:
        """Say inside of a stream that the answer failed."""
        await self._send("error", {"error": {"type": "api_error", "message": error["message"]}})

    async def finish(self, reason: str | None = "stop") -> None:
        """End the answer as it should end: stop reason, usage, the last event."""
        await self._begin_deltas()
        usage = self._messages_usage()
        stop_reason = "refusal" if self._refusal is not None else STOP_REASONS.get(reason or "")
        await self._send("content_block_stop", {"index": 0})
        counts = {"usage": {"output_tokens": usage["output_tokens"]}} if usage else {}
        await self._send("message_delta", {"delta": {"stop_reason": stop_reason, "stop_sequence": None}, **counts})
        await self.response.write(_event("message_stop", {}), is_last=True)

    async def _begin_deltas(self) -> None:
        await self.open_stream()
        if self._has_role:
            return
        self._has_role = True
        usage = self._messages_usage()
        start = {"usage": {**usage, "output_tokens": 1}} if usage else {}
        message = {"id": self._record.id, "type": "message", "role": "assistant", "model": self.request.model}
        await self._send("message_start", {"message": {**message, "content": [], "stop_reason": None, **start}})
        await self._send("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})

    async def _send(self, kind: str, fields: dict[str, Any]) -> None:
        await self.response.write(_event(kind, fields))

    def _messages_usage(self) -> Usage | None:
        """Return what the model reports, in Anthropic's words: what was cached is counted apart."""
        usage = self.report_usage(self._usage())
        if usage is None:
            return None
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        return {
            "input_tokens": usage["prompt_tokens"] - cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": cached,
            "output_tokens": usage["completion_tokens"],
        }


def _check_messages(messages: Any) -> list[dict[str, Any]]:
    if not isinstance(messages, list) or not messages:
        raise _invalid("messages: at least one message is required")
    for index, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in {"user", "assistant"}:
            raise _invalid(f"messages.{index}.role: Input should be 'user' or 'assistant'")
        if role != ("user", "assistant")[index % 2]:
            raise _invalid(f"messages.{index}: roles must alternate, beginning with 'user'")
        if not isinstance(message.get("content"), str | list) or not message["content"]:
            raise _invalid(f"messages.{index}.content: text content must be non-empty")
    return messages


def _invalid(message: str) -> RefusalError:
    return RefusalError(status=400, message=message)


def _event(kind: str, fields: dict[str, Any]) -> bytes:
    return f"event: {kind}\n".encode() + wire.encode_event({"type": kind, **fields})
