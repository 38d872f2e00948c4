"""One pub/sub connection per web process feeds all open pages; what it misses it fetches, or asks PostgreSQL."""

import asyncio
import contextlib
import contextvars
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from redis.exceptions import RedisError

from apps.core import redis
from apps.generation import endings, stream
from apps.generation.channels import Channel, Gap
from apps.generation.models import Generation
from apps.generation.stream import Entry

logger = structlog.get_logger(__name__)

# PostgreSQL is asked, in one query per process, about generations that were silent for this long.
SILENCE_SECONDS = 5.0
WATCH_SECONDS = 1.0
RECONNECT_SECONDS = 0.25
# A hung Redis keeps no reader waiting for longer than this: its heartbeats begin then.
COMMAND_SECONDS = 5.0
# Keeps the subscription alive while nobody watches anything.
IDLE_CHANNEL = "hub"


class Hub:
    """The readers of one web process."""

    def __init__(self) -> None:
        self._channels: dict[UUID, Channel] = {}
        self._redis = redis.async_client()
        self._pubsub = self._redis.pubsub()
        # Two first commands at once would open two connections, and nobody would read one of them.
        self._commanding = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def join(self, generation_id: UUID, *, status: str) -> AsyncIterator[Channel]:
        """Share the channel of a running generation for the length of a block."""
        self._start()
        channel = self._channels.get(generation_id)
        if channel is None:
            channel = self._channels[generation_id] = Channel(generation_id, status=status)
            await self._subscribe(generation_id)
        channel.readers += 1
        try:
            yield channel
        finally:
            channel.readers -= 1
            if not channel.readers and self._channels.get(generation_id) is channel:
                del self._channels[generation_id]
                with contextlib.suppress(RedisError, OSError):
                    async with self._commanding, asyncio.timeout(COMMAND_SECONDS):
                        await self._pubsub.unsubscribe(stream.channel(generation_id))

    async def close(self) -> None:
        """End the background work and the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(RedisError, OSError):
            await self._pubsub.aclose()  # type: ignore[no-untyped-call]
            await self._redis.aclose()

    def _start(self) -> None:
        if not self._tasks:
            # Not in the context of the request that happens to come first: its id is not theirs.
            self._tasks = [
                asyncio.create_task(work, context=contextvars.Context()) for work in (self._listen(), self._watch())
            ]

    async def _subscribe(self, generation_id: UUID) -> None:
        # The entries so far are read when Redis confirms: what is appended from then on is announced to us.
        with contextlib.suppress(RedisError, OSError):
            async with self._commanding, asyncio.timeout(COMMAND_SECONDS):
                await self._pubsub.subscribe(stream.channel(generation_id))

    async def _listen(self) -> None:
        await self._keep_subscribed()
        while True:
            try:
                message = await self._pubsub.get_message(timeout=30.0)
                if message is not None:
                    await self._hear(message)
            except (RedisError, OSError) as error:
                logger.warning("hub_disconnected", error=str(error), generations=len(self._channels))
                await asyncio.sleep(RECONNECT_SECONDS)
                await self._keep_subscribed()
            except Exception:
                logger.exception("hub_broke")
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _keep_subscribed(self) -> None:
        """Subscribe to all that is watched, until Redis takes it: before, there is nothing that could be waited for."""
        while True:
            with contextlib.suppress(RedisError, OSError):
                async with self._commanding, asyncio.timeout(COMMAND_SECONDS):
                    names = [stream.channel(generation_id) for generation_id in self._channels]
                    await self._pubsub.subscribe(IDLE_CHANNEL, *names)
                return
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _hear(self, message: dict[str, Any]) -> None:
        _prefix, _colon, name = message["channel"].decode().partition(":")
        channel = self._channels.get(UUID(name)) if name else None
        if channel is None:
            return
        channel.heard()
        if message["type"] == "subscribe":
            await self._fetch(channel)
        elif message["type"] == "message":
            await self._take(channel, message["data"].decode())

    async def _take(self, channel: Channel, payload: str) -> None:
        sequence, kind, text = payload.split(" ", 2)
        if kind == stream.END:
            await self._end([channel])
        elif kind == stream.STATUS:
            channel.set_status(text)
        else:
            try:
                channel.apply(Entry(int(sequence), kind, text))
            except Gap:
                await self._fetch(channel)

    async def _fetch(self, channel: Channel) -> None:
        """Read the entries that this process has not seen from the stream itself."""
        async with asyncio.timeout(COMMAND_SECONDS):
            rows = await self._redis.xrange(stream.stream_key(channel.generation_id), f"({channel.cursor.sequence}")
        for entry in stream.entries_of(rows):
            with contextlib.suppress(Gap):
                channel.apply(entry)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = time.monotonic()
            silent = [
                channel
                for channel in self._channels.values()
                if not channel.is_done and now - channel.heard_at > SILENCE_SECONDS
            ]
            if silent:
                try:
                    await self._end(silent)
                except Exception:
                    logger.exception("hub_watch_broke")

    async def _end(self, channels: list[Channel]) -> None:
        """Ask PostgreSQL about these generations; end those that have ended, note the stage of the others."""
        by_id = {channel.generation_id: channel for channel in channels}
        found = await sync_to_async(endings.read, thread_sensitive=False)(list(by_id))
        for ending in found:
            channel = by_id[ending.generation_id]
            channel.heard()
            if ending.status in Generation.TERMINAL:
                channel.end(text=ending.text, status=ending.status, html=ending.html)
            else:
                channel.set_status(ending.status)
