"""One HTTP response over ASGI: headers, bytes and the count of them."""

from collections.abc import Callable

from dev.model_server.dialect import CHAT, Dialect
from dev.model_server.wire import RefusalError, Send, encode_json


class Response:
    """A response that is sent whole or piece by piece; every one carries its id in a header."""

    def __init__(
        self,
        *,
        send: Send,
        request_id: str,
        note: Callable[[int, bool], None] = lambda count, is_last: None,
        dialect: Dialect = CHAT,
    ) -> None:
        self.is_started = False
        self._send = send
        self._request_id = request_id
        self._note = note
        self._dialect = dialect

    async def start(
        self, *, content_type: str, status: int = 200, length: int | None = None, headers: dict[str, str] | None = None
    ) -> None:
        """Send the status and the headers; without a length the body is sent in chunks."""
        self.is_started = True
        named = {"content-type": content_type, self._dialect.id_header: self._request_id, **(headers or {})}
        if length is not None:
            named["content-length"] = str(length)
        encoded = [(name.encode(), value.encode()) for name, value in named.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def write(self, body: bytes, *, is_last: bool = False) -> None:
        """Send a part of the body, after noting how long it is and whether it is the last."""
        self._note(len(body), is_last)
        await self._send({"type": "http.response.body", "body": body, "more_body": not is_last})

    async def reply(
        self, body: bytes, *, content_type: str, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        """Send a whole response."""
        await self.start(status=status, content_type=content_type, length=len(body), headers=headers)
        await self.write(body, is_last=True)

    async def reply_json(self, value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Send a whole JSON response."""
        await self.reply(encode_json(value), content_type="application/json", status=status, headers=headers)

    async def refuse(self, refusal: RefusalError) -> None:
        """Send the error object of the protocol."""
        await self.reply_json(self._dialect.error_body(refusal), status=refusal.status, headers=refusal.headers)
