"""Webhooks: signed anew each time, retried, and as badly behaved as the control API wants them."""

import asyncio
import contextlib
import hashlib
import hmac
import random
import time
from collections.abc import Callable
from typing import Any

import httpx2

from dev.stripe_server.api import encode
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World, new_id

RETRY_SECONDS = (1, 2, 4, 8, 15, 30, 60, 60, 60, 60)
TIMEOUT_SECONDS = 20
CONCURRENCY = 4
KEPT_MAX = 5_000
PENDING, SENDING, DELIVERED, FAILED, DROPPED = "pending", "sending", "delivered", "failed", "dropped"
IDLE_SECONDS = 0.5


class Deliveries:
    """The queue of deliveries. Its records live in the world, so that they outlive a restart.

    Settings: `duplicates` (each event so many times), `delay_seconds`, `reorder_seconds` with `seed` (a random delay up
    to so long), `drop_share`, `drop_types`, `is_paused`, `concurrency`, `retry_seconds`.
    """

    def __init__(self, *, world: World, url: str | None, secret: str) -> None:
        self.url = url
        self.secret = secret
        self._world = world
        self._random = random.Random()
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        # Those that are pending or on their way; the rest is history.
        self._open: dict[str, Object] = {}
        world.on_event = self.enqueue

    @property
    def records(self) -> dict[str, Object]:
        """Every delivery by its id, the oldest first."""
        return self._world.data["deliveries"]  # type: ignore[no-any-return]

    def seed(self, seed: int) -> None:
        """Make what is random the same again."""
        self._random = random.Random(seed)

    def enqueue(self, event: Object) -> None:
        """Plan the deliveries of a new event."""
        if self.url is None:
            return
        event["pending_webhooks"] = 1
        settings = self._world.settings
        for number in range(settings.get("duplicates", 1)):
            delay = settings.get("delay_seconds", 0) + self._random.random() * settings.get("reorder_seconds", 0)
            status = DROPPED if self._is_dropped(event) else PENDING
            record = {"id": new_id("del_"), "event": event["id"], "type": event["type"], "copy": number}
            record |= {"status": status, "due": time.time() + delay, "attempts": []}
            self.records[record["id"]] = record
            if status == PENDING:
                self._open[record["id"]] = record
        for old in list(self.records)[: max(0, len(self.records) - KEPT_MAX)]:
            if self.records[old]["status"] not in (PENDING, SENDING):
                del self.records[old]
        self._wake.set()

    def clear(self) -> None:
        """Forget what waits, as the world has forgotten everything."""
        self._open.clear()

    async def run(self) -> None:
        """Deliver for ever."""
        self._recover()
        async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            while True:
                self._wake.clear()
                self._start_due(client)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), timeout=self._idle_seconds())

    async def deliver_now(self, event_ids: list[str]) -> list[Object]:
        """Deliver these events one after the other, in this order, whatever the settings say; return what came back."""
        results = []
        async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            for event_id in event_ids:
                attempt = await self._send(client, event=self._world.get("event", event_id))
                results.append({"event": event_id, **attempt})
                for record in list(self._open.values()):
                    if record["event"] == event_id and record["status"] == PENDING and attempt["is_ok"]:
                        self._close(record, status=DELIVERED)
        return results

    async def settle(self, *, timeout_seconds: float) -> bool:
        """Wait until nothing waits to be delivered; while paused, until nothing is on its way."""
        ends_at = time.monotonic() + timeout_seconds
        while self._is_busy():
            if time.monotonic() > ends_at:
                return False
            await asyncio.sleep(0.02)
        return True

    def wake(self) -> None:
        """Look at the queue now, since a setting has changed."""
        self._wake.set()

    def forget(self, *, matches: Callable[[Object], bool]) -> int:
        """Drop what waits to be delivered."""
        found = [record for record in self._open.values() if record["status"] == PENDING and matches(record)]
        for record in found:
            self._close(record, status=DROPPED)
        return len(found)

    def _is_busy(self) -> bool:
        waiting = (SENDING,) if self._world.settings.get("is_paused") else (SENDING, PENDING)
        return any(record["status"] in waiting for record in self._open.values())

    def _is_dropped(self, event: Object) -> bool:
        settings = self._world.settings
        by_chance = self._random.random() < settings.get("drop_share", 0)
        return by_chance or event["type"] in settings.get("drop_types", [])

    def _recover(self) -> None:
        """Send again what was on its way when an earlier process ended."""
        for record in self.records.values():
            if record["status"] in (PENDING, SENDING):
                record["status"] = PENDING
                self._open[record["id"]] = record

    def _start_due(self, client: httpx2.AsyncClient) -> None:
        if self.url is None or self._world.settings.get("is_paused"):
            return
        free = self._world.settings.get("concurrency", CONCURRENCY) - len(self._running)
        due = [each for each in self._open.values() if each["status"] == PENDING and each["due"] <= time.time()]
        for record in sorted(due, key=lambda each: each["due"])[: max(0, free)]:
            record["status"] = SENDING
            task = asyncio.create_task(self._deliver(client, record=record))
            self._running.add(task)
            task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()

    def _idle_seconds(self) -> float:
        waiting = [each["due"] - time.time() for each in self._open.values() if each["status"] == PENDING]
        if self._running or self._world.settings.get("is_paused"):
            return IDLE_SECONDS
        return float(min([IDLE_SECONDS, *(max(0.005, each) for each in waiting)]))

    async def _deliver(self, client: httpx2.AsyncClient, *, record: Object) -> None:
        event = self._world.find("event", record["event"])
        if event is None:
            self._close(record, status=DROPPED)
            return
        attempt = await self._send(client, event=event)
        record["attempts"].append(attempt)
        retries = self._world.settings.get("retry_seconds", RETRY_SECONDS)
        if attempt["is_ok"]:
            self._close(record, status=DELIVERED)
        elif len(record["attempts"]) > len(retries):
            self._close(record, status=FAILED)
        else:
            record.update(status=PENDING, due=time.time() + retries[len(record["attempts"]) - 1])
            self._world.is_changed = True

    def _close(self, record: Object, *, status: str) -> None:
        record["status"] = status
        self._open.pop(record["id"], None)
        event = self._world.find("event", record["event"])
        if event and status == DELIVERED:
            event["pending_webhooks"] = 0
        self._world.is_changed = True

    async def _send(self, client: httpx2.AsyncClient, *, event: Object) -> dict[str, Any]:
        body = encode(event)
        headers = {"content-type": "application/json; charset=utf-8", "user-agent": "Stripe/1.0 (stand-in)"}
        headers["stripe-signature"] = sign(body, secret=self.secret, at=int(time.time()))
        attempt: dict[str, Any] = {"at": time.time(), "status": None, "error": None}
        try:
            response = await client.post(self.url or "", content=body, headers=headers)
            attempt["status"] = response.status_code
        except httpx2.HTTPError as error:
            attempt["error"] = f"{type(error).__name__}: {error}"
        return attempt | {"is_ok": attempt["status"] is not None and 200 <= attempt["status"] < 300}


def sign(body: bytes, *, secret: str, at: int) -> str:
    """Return the signature header of a body; `at` is the real second, whatever time the stand-in has."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
