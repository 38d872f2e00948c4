"""One generation as all its readers in this process see it: text in, ready-made events out. No I/O."""

import asyncio
import time
from uuid import UUID

from apps.generation import events
from apps.generation.events import Cursor
from apps.generation.markdown import LiveMarkdown, TailAppend, Update
from apps.generation.models import Generation
from apps.generation.stream import SNAPSHOT, Entry


class Gap(Exception):  # noqa: N818 - not an error: entries were missed and must be fetched
    """An entry came whose predecessors have not been seen."""


class Channel:
    """The shared view of one generation. Readers wait for `changed` and ask what they have missed."""

    def __init__(self, generation_id: UUID, *, status: str) -> None:
        self.generation_id = generation_id
        self.status = status
        self.readers = 0
        self.cursor = events.START
        self.epoch = 0
        self.heard_at = time.monotonic()
        self._live = LiveMarkdown()
        self._text: list[str] = []
        self._last: tuple[Cursor, bytes] | None = None
        self._done: bytes | None = None
        self._changed = asyncio.Event()

    @property
    def is_done(self) -> bool:
        """Whether the end has come."""
        return self._done is not None

    async def changed(self) -> None:
        """Wait for the next change."""
        await self._changed.wait()

    def heard(self) -> None:
        """Note that this generation was heard of just now, so that nobody asks the database about it."""
        self.heard_at = time.monotonic()

    def set_status(self, status: str) -> None:
        """Move to another stage."""
        if status != self.status and not self.is_done:
            self.status = status
            self._wake()

    def apply(self, entry: Entry) -> None:
        """Take in one entry of the stream; one that was seen before changes nothing. Raises Gap."""
        if entry.sequence <= self.cursor.sequence or self.is_done:
            return
        if entry.kind == SNAPSHOT:
            self._become(entry.text, sequence=entry.sequence)
        elif entry.sequence == self.cursor.sequence + 1:
            self._append(entry.text, sequence=entry.sequence)
        else:
            raise Gap
        self.status = Generation.Status.RUNNING
        self._wake()

    def end(self, *, text: str, status: str, html: str) -> None:
        """Take in the end as PostgreSQL holds it: the whole text, and the fragments of the outcome."""
        if self.is_done:
            return
        self._become(text, sequence=self.cursor.sequence + 1)
        finished = self._live.finish()
        self.status = status
        self.cursor = Cursor(len(self._live.frozen), self.cursor.sequence)
        self._last = None
        self._done = events.done(cursor=self.cursor, html=html, canonical=finished.canonical)
        self._wake()

    def since(self, cursor: Cursor) -> bytes:
        """Return the events that bring a reader from its cursor to now; an unknown cursor starts from the beginning.

        While nothing was taken in yet, a reader that comes back keeps what it shows.
        """
        if self.cursor in (cursor, events.START) and not self.is_done:
            return b""
        if self._last is not None and self._last[0] == cursor:
            return self._last[1]
        known = cursor.frozen <= len(self._live.frozen) and cursor.sequence <= self.cursor.sequence
        first = cursor.frozen if known else 0
        update = events.update(
            cursor=self.cursor, first=first, frozen=self._live.frozen[first:], tail=self._live.tail_html
        )
        return update + (self._done or b"")

    def _become(self, text: str, *, sequence: int) -> None:
        """Continue to the given whole text; start anew if what was shown is not its beginning."""
        shown = "".join(self._text)
        if not text.startswith(shown):
            self._live, self._text, shown = LiveMarkdown(), [], ""
            self.cursor = events.START
            self.epoch += 1
        self._append(text[len(shown) :], sequence=sequence)
        self._last = None

    def _append(self, text: str, *, sequence: int) -> None:
        before = self.cursor
        self._text.append(text)
        change = self._live.append(text)
        self.cursor = Cursor(len(self._live.frozen), sequence)
        self._last = (before, self._event(change))

    def _event(self, change: Update | TailAppend | None) -> bytes:
        if isinstance(change, Update):
            return events.update(cursor=self.cursor, first=change.first, frozen=change.frozen, tail=change.tail)
        if isinstance(change, TailAppend):
            return events.tail_append(cursor=self.cursor, html=change.html)
        return b""

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
