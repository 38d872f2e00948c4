"""Step 7 of a generation: the stream of its page, an ASGI door in front of Django (a thread per reader otherwise).

It authenticates like Django does, gives the database back, and joins the process's hub.
"""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from apps.accounts import impersonation
from apps.accounts.models import User
from apps.core.db import system_scope
from apps.core.deadline import Receive, Scope, Send
from apps.core.request_id import HEADER, bind_request_id
from apps.generation import endings, events, readers
from apps.generation.channels import Channel
from apps.generation.events import Cursor
from apps.generation.hub import Hub
from apps.generation.markdown.highlighting import load_lexers
from apps.generation.models import Generation

PATH = re.compile(r"^/generations/(?P<id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})/stream/$")
HEARTBEAT_SECONDS = 10.0
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]
_hub: Hub | None = None


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer GET /generations/<id>/stream/, and the server's lifespan events."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    request_id = bind_request_id(headers.get(HEADER.lower()))
    path = PATH.match(scope["path"])
    if path is None or scope["method"] != "GET":
        await _refuse(send, HTTPStatus.NOT_FOUND if path is None else HTTPStatus.METHOD_NOT_ALLOWED)
        return
    session_key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    seen = await sync_to_async(_authorize, thread_sensitive=False)(session_key, UUID(path["id"]))
    if isinstance(seen, HTTPStatus):
        await _refuse(send, seen)
        return
    start = [*HEADERS, (HEADER.lower().encode(), request_id.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": start})
    with readers.admit(user_id=seen.user_id, generation_id=seen.generation_id) as dismissed:
        await _until_disconnect(receive, _send_all(send, _events(seen, _cursor(scope, headers))), dismissed)
        if dismissed.is_set():
            await send({"type": "http.response.body", "body": b""})


class _Seen(NamedTuple):
    generation_id: UUID
    status: str
    user_id: int


def _authorize(session_key: str | None, generation_id: UUID) -> _Seen | HTTPStatus:
    """Return the generation if the session's user may read it; its connection is given back before any streaming."""
    try:
        request = HttpRequest()
        request.session = SessionStore(session_key)
        with system_scope():
            user = get_user(request)
            if not isinstance(user, User) or not user.is_active:
                return HTTPStatus.UNAUTHORIZED
            acting = impersonation.find(request.session, staff=user)
            user = acting.user if acting else user
            readable = Generation.objects.filter(readers.readable_by({user.pk}), pk=generation_id, deleted_at=None)
            found = readable.values_list("pk", "status").first()
            return _Seen(*found, user_id=user.pk) if found else HTTPStatus.NOT_FOUND
    finally:
        connection.close()


def _cursor(scope: Scope, headers: dict[str, str]) -> Cursor:
    """The reader's cursor: the header of a native reconnect, or ?after= of a client that had to open a new stream."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return events.parse_cursor(headers.get("last-event-id") or query.get("after", [""])[0])


async def _events(seen: _Seen, cursor: Cursor) -> AsyncGenerator[bytes, None]:
    yield events.PREAMBLE
    if seen.status in Generation.TERMINAL:
        yield await sync_to_async(_replay, thread_sensitive=False)(seen.generation_id, cursor)
        return
    joined = _shared_hub().join(seen.generation_id, status=seen.status)
    async with joined as channel, aclosing(_follow(channel, cursor)) as chunks:
        async for data in chunks:
            yield data


async def _follow(channel: Channel, cursor: Cursor) -> AsyncGenerator[bytes, None]:
    status, epoch = "", channel.epoch
    while True:
        if channel.epoch != epoch:
            epoch, cursor = channel.epoch, events.START
        if channel.status != status and not channel.is_done:
            status = channel.status
            yield events.status(cursor=cursor, status=status)
        waiting = asyncio.ensure_future(channel.changed())
        try:
            data, done = channel.since(cursor), channel.is_done
            if data:
                cursor = channel.cursor
                yield data
            if done:
                return
            while not (await asyncio.wait({waiting}, timeout=HEARTBEAT_SECONDS))[0]:
                yield events.HEARTBEAT
        finally:
            waiting.cancel()


def _replay(generation_id: UUID, cursor: Cursor) -> bytes:
    """Return a finished generation as a reader at this cursor needs it, from PostgreSQL alone."""
    (ending,) = endings.read([generation_id])
    channel = Channel(generation_id, status=ending.status)
    channel.end(text=ending.text, status=ending.status, html=ending.html)
    return channel.since(cursor)


async def _send_all(send: Send, chunks: AsyncGenerator[bytes, None]) -> None:
    # Closed here and now, so that a reader who leaves while something is sent leaves the hub at once.
    async with aclosing(chunks):
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _until_disconnect(receive: Receive, sending: Any, dismissed: asyncio.Event) -> None:
    async def disconnected() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = {asyncio.ensure_future(each) for each in (sending, disconnected(), dismissed.wait())}
    try:
        finished, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in finished:
        task.result()


async def _refuse(send: Send, status: HTTPStatus) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": status.phrase.encode()})


def _shared_hub() -> Hub:
    global _hub
    if _hub is None:
        _hub = Hub()
    return _hub


async def _lifespan(receive: Receive, send: Send) -> None:
    global _hub
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            load_lexers()
        if message["type"] == "lifespan.shutdown" and _hub is not None:
            await _hub.close()
            _hub = None
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
