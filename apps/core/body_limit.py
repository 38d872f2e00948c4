"""The largest body that the product takes, refused in front of Django: before it is read, or once it is too long."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from apps.core.deadline import Application, Message, Receive, Scope, Send
from apps.core.responses import error_response


def with_body_limit(application: Application) -> Application:
    """Wrap an ASGI application: a body of more than BODY_BYTES_MAX gets a 413, and nothing of it is kept.

    Django writes a long body to disk before any view is asked. A length that is announced is refused at once; one that
    is not, as soon as it is passed.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if _announced_bytes(scope) > settings.BODY_BYTES_MAX:
            await _refuse(scope, send)
            return
        body = _Body(receive)
        await application(scope, body.receive, body.muted(send))
        if body.is_too_long:
            await _refuse(scope, send)

    return wrapped


class _Body:
    """A body as it arrives: cut off, as if the sender had hung up, where it is too long."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._bytes = receive, 0

    @property
    def is_too_long(self) -> bool:
        return self._bytes > settings.BODY_BYTES_MAX

    async def receive(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.is_too_long else message

    def muted(self, send: Send) -> Send:
        """Return a way out that is closed once the body was cut off: whatever is answered then is no answer to it."""

        async def send_unless_too_long(message: Message) -> None:
            if not self.is_too_long:
                await send(message)

        return send_unless_too_long


def _announced_bytes(scope: Scope) -> int:
    announced = next((value for name, value in scope.get("headers", []) if name == b"content-length"), b"")
    return int(announced) if announced.isdigit() else 0


async def _refuse(scope: Scope, send: Send) -> None:
    response = _too_large(scope)
    headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


def _too_large(scope: Scope) -> HttpResponse:
    request: Any = ASGIRequest(scope, BytesIO())
    request.htmx = HtmxDetails(request)
    most = filesizeformat(settings.BODY_BYTES_MAX)
    sentence = _("This is too large: at most %(most)s can be sent at once.") % {"most": most}
    return error_response(request, status=413, code="too_large", sentence=sentence)
