"""A browser's stream against the ASGI door itself, without a server."""

import asyncio
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections

from apps.accounts.models import User
from apps.generation import sse

PATIENCE_SECONDS = 10


def log_in(user: User) -> str:
    """Return the cookie header of a new session."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


class Reader:
    """One open stream: `async with Reader(...) as reader`, then wait for what must come."""

    def __init__(
        self, generation_id: UUID | str, *, cookie: str = "", after: str = "", last_event_id: str = "", method="GET"
    ) -> None:
        headers = {"cookie": cookie, "last-event-id": last_event_id}
        self.scope = {
            "type": "http",
            "method": method,
            "path": f"/generations/{generation_id}/stream/",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value],
            "query_string": f"after={after}".encode() if after else b"",
        }
        self.status, self.headers, self.body = 0, {}, b""
        self._gone, self._news = asyncio.Event(), asyncio.Condition()

    async def __aenter__(self) -> "Reader":
        self.task = asyncio.create_task(sse.application(self.scope, self._receive, self._send))
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._gone.set()
        await asyncio.wait_for(self.task, PATIENCE_SECONDS)

    async def until(self, mark: bytes) -> bytes:
        """Wait until the body holds this, and return the body."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(lambda: mark in self.body), PATIENCE_SECONDS)
        return self.body

    async def rest(self) -> bytes:
        """Wait until the answer ends by itself, and return the body."""
        await asyncio.wait_for(asyncio.shield(self.task), PATIENCE_SECONDS)
        return self.body

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        async with self._news:
            self.body += message.get("body", b"")
            self._news.notify_all()


def play(scene: Any) -> Any:
    """Run a scene in an event loop and shut the door's background work down as a server does."""

    async def whole() -> Any:
        try:
            return await scene
        finally:
            await _shut_down()

    return asyncio.run(whole())


async def in_thread(function: Any, *arguments: Any) -> Any:
    """Do what uses the database beside the event loop."""
    return await sync_to_async(_do_and_close, thread_sensitive=False)(function, *arguments)


def _do_and_close(function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    finally:
        connections.close_all()


async def _shut_down() -> None:
    messages = [{"type": "lifespan.shutdown"}]

    async def receive() -> dict[str, Any]:
        return messages.pop()

    async def send(message: dict[str, Any]) -> None:
        assert message["type"] == "lifespan.shutdown.complete"

    await sse.application({"type": "lifespan"}, receive, send)
