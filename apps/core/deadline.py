"""The deadline of every request, enforced outside Django: a thread that hangs cannot be interrupted, its answer can."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from io import BytesIO
from typing import Any

import structlog
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.template.loader import render_to_string
from django_htmx.middleware import HtmxDetails

from apps.core.errors import UnavailableError
from apps.core.http import wants_json, without_secrets
from apps.core.request_id import HEADER, bind_request_id
from apps.core.responses import refusal

logger = structlog.get_logger(__name__)
Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

_HEADER = HEADER.lower().encode()
# Requests that outlived their deadline: the event loop itself keeps only weak references to tasks.
_abandoned: set[asyncio.Task[None]] = set()


def with_deadline(application: Application) -> Application:
    """Wrap an ASGI application: a request without an answer after REQUEST_DEADLINE_SECONDS gets a 503.

    The time begins once its body has come, for which there are UPLOAD_DEADLINE_SECONDS.

    The request itself is left to end by its own timeouts (database, Redis): cancelling it would make the event loop
    wait for its thread. An answer that has begun is not cut.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _ensure_request_id(scope)
        answer, body = _Answer(send), _Body(receive)
        task = asyncio.create_task(application(scope, body.receive, answer.send))
        if _has_body(scope):
            await _wait_for_body(body, task)
        await asyncio.wait({task}, timeout=settings.REQUEST_DEADLINE_SECONDS)
        if not task.done() and answer.close_unless_started():
            logger.error("request_deadline_exceeded", path=without_secrets(str(scope.get("path"))))
            _abandoned.add(task)
            task.add_done_callback(_end_abandoned)
            await _send_unavailable(scope, send, request_id)
            return
        await task

    return wrapped


class _Answer:
    """The way out of one request: open until the deadline closes it, unless an answer has begun before."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._started = False
        self._closed = False

    async def send(self, message: Message) -> None:
        if not self._closed:
            self._started = True
            await self._send(message)

    def close_unless_started(self) -> bool:
        self._closed = not self._started
        return self._closed


class _Body:
    """The way in of one request: tells when all of its body has come, or its sender has hung up."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self.has_come = receive, asyncio.Event()

    async def receive(self) -> Message:
        message = await self._receive()
        if not message.get("more_body"):
            self.has_come.set()
        return message


async def _wait_for_body(body: _Body, task: "asyncio.Task[None]") -> None:
    waiting = asyncio.create_task(body.has_come.wait())
    await asyncio.wait({task, waiting}, timeout=settings.UPLOAD_DEADLINE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def _has_body(scope: Scope) -> bool:
    return any(name in {b"content-length", b"transfer-encoding"} for name, _value in scope.get("headers", []))


def _ensure_request_id(scope: Scope) -> str:
    # Put into the scope, so that this answer and Django's log lines name the same request.
    headers = list(scope.get("headers", []))
    offered = next((value.decode("latin-1") for name, value in headers if name == _HEADER), None)
    request_id = bind_request_id(offered)
    scope["headers"] = [pair for pair in headers if pair[0] != _HEADER] + [(_HEADER, request_id.encode())]
    return request_id


def _end_abandoned(task: "asyncio.Task[None]") -> None:
    _abandoned.discard(task)
    if not task.cancelled() and task.exception() is not None:
        logger.error("abandoned_request_failed", error=str(task.exception()))


async def _send_unavailable(scope: Scope, send: Send, request_id: str) -> None:
    response = _unavailable(scope)
    response[HEADER] = request_id
    headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


def _unavailable(scope: Scope) -> HttpResponse:
    request: Any = ASGIRequest(scope, BytesIO())
    request.htmx = HtmxDetails(request)
    if request.htmx or wants_json(request):
        return refusal(request, UnavailableError())
    # A page that needs nothing: when requests hang, the session and the balance may hang too.
    retry_after = str(UnavailableError.retry_after_seconds)
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": retry_after})
