"""The deadline of every request, enforced outside Django: a thread that hangs cannot be interrupted, its answer can."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from django.conf import settings
from django.template.loader import render_to_string

logger = structlog.get_logger(__name__)
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def with_deadline(application: Application) -> Application:
    """Wrap an ASGI application: a request without an answer after REQUEST_DEADLINE_SECONDS gets a 503 page."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            async with asyncio.timeout(settings.REQUEST_DEADLINE_SECONDS):
                await application(scope, receive, sending)
        except TimeoutError:
            logger.error("request_deadline_exceeded", path=scope.get("path"))
            if not started:
                await _unavailable(send)

    return wrapped


async def _unavailable(send: Send) -> None:
    body = render_to_string("503.html").encode()
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"retry-after", b"5")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
