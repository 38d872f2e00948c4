"""What goes over the wire: OpenAI's JSON, server-sent events, and how tokens are counted."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BYTES_PER_TOKEN = 4
COMPACT = (",", ":")
DONE = b"data: [DONE]\n\n"


class RefusalError(Exception):
    """A call that is answered with an HTTP status and OpenAI's error object instead of text."""

    def __init__(
        self,
        *,
        status: int,
        message: str,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def count_tokens(text: str) -> int:
    """Return the tokens of a text: its UTF-8 bytes divided by four, rounded up."""
    return -(-len(encode_text(text)) // BYTES_PER_TOKEN)


def clip(text: str, *, bytes_max: int) -> str:
    """Return the longest beginning of the text that fits, never cutting a character in two."""
    encoded = encode_text(text)
    if len(encoded) <= bytes_max:
        return text
    end = bytes_max
    while end > 0 and encoded[end] & 0xC0 == 0x80:
        end -= 1
    return encoded[:end].decode("utf-8", "surrogatepass")


def encode_text(text: str) -> bytes:
    """Return UTF-8, letting lone surrogates through as three bytes each."""
    return text.encode("utf-8", "surrogatepass")


def encode_json(value: Any) -> bytes:
    """Return JSON as raw UTF-8, so that clients meet multi-byte characters; lone surrogates force escapes."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=COMPACT).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=COMPACT).encode()


def encode_event(value: Any) -> bytes:
    """Return one server-sent event."""
    return b"data: " + encode_json(value) + b"\n\n"
