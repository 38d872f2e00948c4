"""The ASGI application: the API, the control API and the pages behind one port."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from traceback import format_exc
from typing import Any

from dev.stripe_server import lifecycle, outages
from dev.stripe_server.api import Api, Reply, Request, encode
from dev.stripe_server.control import Control
from dev.stripe_server.deliveries import Deliveries
from dev.stripe_server.errors import StripeError
from dev.stripe_server.pages.router import Pages
from dev.stripe_server.world import World

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CONTROL = "/_stand_in/"
BODY_BYTES_MAX = 2_000_000
TICK_SECONDS = 0.2
LATE_SECONDS = 1
JSON = {"content-type": "application/json"}


class StripeServer:
    """The whole stand-in. Handlers do not wait for anything, so calls never mix."""

    def __init__(
        self, *, base_url: str, secret_key: str, webhook_url: str | None, webhook_secret: str, state: Path | None
    ) -> None:
        self._world = World(base_url=base_url)
        self._state = state
        if state and state.exists():
            self._world.load(state)
        self._api = Api(world=self._world, secret_key=secret_key)
        self._deliveries = Deliveries(world=self._world, url=webhook_url, secret=webhook_secret)
        self._control = Control(world=self._world, api=self._api, deliveries=self._deliveries)
        self._pages = Pages(world=self._world, deliveries=self._deliveries, control=self._control)
        self._tasks: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, or start and stop with the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = await _read_request(scope, receive)
        if request is None:
            return
        try:
            if request.path.startswith("/v1/"):
                await self._answer_api(request, receive=receive, send=send)
            elif request.path.startswith(CONTROL):
                await _reply(send, await self._answer_control(request))
            else:
                await _reply(send, await self._pages.answer(request))
        except Exception:
            # A defect of the stand-in's own: told to the caller, who is a developer.
            await _reply(send, Reply(500, encode({"error": {"type": "api_error", "message": format_exc()}}), JSON))

    async def _answer_api(self, request: Request, *, receive: Receive, send: Send) -> None:
        key = request.idempotency_key
        if self._api.is_running(key):
            await _reply(send, self._api.refuse_running(request))
            return
        self._api.hold_key(key)
        try:
            outage = outages.take(self._control.outages, request=request)
            reply = await self._answer_troubled(request, outage=outage, receive=receive)
        finally:
            self._api.release_key(key)
        if reply is None:
            await _cut(send)
        else:
            await _reply(send, reply)

    async def _answer_troubled(
        self, request: Request, *, outage: outages.Outage | None, receive: Receive
    ) -> Reply | None:
        """Return the answer, or None for a connection that is cut."""
        if outage is None:
            return self._api.answer(request)
        if outage.kind in (outages.ERROR, outages.RATE_LIMIT):
            return outages.refuse(outage)
        if outage.kind in (outages.TIMEOUT, outages.SLOW):
            await _wait(outage.seconds, receive=receive)
        if outage.kind in (outages.TIMEOUT, outages.CUT_BEFORE):
            return None
        reply = self._api.answer(request)
        return None if outage.kind == outages.CUT_AFTER else reply

    async def _answer_control(self, request: Request) -> Reply:
        name = request.path.removeprefix(CONTROL).strip("/")
        try:
            sent = json.loads(request.body or b"{}")
            if not isinstance(sent, dict):
                raise StripeError("Send a JSON object.")
            return Reply(200, encode(await self._control.answer(name, sent=sent)), JSON)
        except ValueError:
            return Reply(400, encode({"error": {"message": "Send JSON."}}), JSON)
        except StripeError as refusal:
            return Reply(refusal.status, encode({"error": refusal.error}), JSON)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._tasks = [asyncio.create_task(self._deliveries.run()), asyncio.create_task(self._tick())]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._save()
        await send({"type": "lifespan.shutdown.complete"})

    async def _tick(self) -> None:
        """Let happen what is due, and write the state down a moment after it changed."""
        loop = asyncio.get_running_loop()
        looked_at = loop.time()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._save()
            if loop.time() - looked_at >= LATE_SECONDS:
                lifecycle.catch_up(self._world)
                looked_at = loop.time()

    def _save(self) -> None:
        if self._state and self._world.is_changed:
            self._world.save(self._state)


async def _read_request(scope: Message, receive: Receive) -> Request | None:
    """Return the request, or None if the caller hung up or sends more than anybody needs."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or sum(map(len, parts)) > BODY_BYTES_MAX:
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    return Request(method=scope["method"], path=scope["path"], query=query, body=b"".join(parts), headers=headers)


async def _reply(send: Send, reply: Reply) -> None:
    headers = {**reply.headers, "content-length": str(len(reply.body))}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
    await send({"type": "http.response.body", "body": reply.body})


async def _cut(send: Send) -> None:
    """Promise a body and leave, upon which uvicorn closes the connection."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b'{"id"', "more_body": True})


async def _wait(seconds: float, *, receive: Receive) -> None:
    """Wait so long, or until the caller hangs up."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(receive(), timeout=seconds)
