"""One flusher per worker process carries the text of all runs to Redis: at once when idle, every 25 ms when busy."""

import threading
import time
from functools import cache
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from apps.generation import stream
from apps.generation.stream import Entry

logger = structlog.get_logger(__name__)

TICK_SECONDS = 0.025
# While Redis does not answer, text is kept and sent again this often.
RETRY_SECONDS = 0.25


class StreamWriter:
    """The outgoing text of one run. `refused` turns true when the stream was sealed by somebody else."""

    def __init__(self, generation_id: UUID, *, flusher: "Flusher") -> None:
        self.generation_id = generation_id
        self.refused = False
        self._flusher = flusher
        self._lock = threading.Lock()
        self._sequence = 1
        self._in_flight: Entry | None = Entry(1, stream.OPENED, "")
        self._pending: list[str] = []
        self._text: list[str] = []
        self._urgent = True

    def append(self, text: str) -> None:
        """Hand over a piece of text; it is on its way within TICK_SECONDS, the first one at once."""
        with self._lock:
            self._pending.append(text)
            self._text.append(text)
            urgent, self._urgent = self._urgent, False
        self._flusher.wake(self, urgent=urgent)

    def drain(self, *, seconds: float) -> bool:
        """Wait until everything has arrived in Redis; return whether it has."""
        ends_at = time.monotonic() + seconds
        while not self.refused and self._next() is not None:
            if time.monotonic() > ends_at:
                return False
            self._flusher.wake(self, urgent=True)
            time.sleep(TICK_SECONDS / 5)
        return not self.refused

    def _next(self) -> Entry | None:
        """Return the entry to send: the one whose answer is still out, exactly as it was, else all that is pending."""
        with self._lock:
            if self._in_flight is None and self._pending:
                self._sequence += 1
                self._in_flight = Entry(self._sequence, stream.DELTA, "".join(self._pending))
                self._pending.clear()
            return self._in_flight

    def _answered(self, outcome: int) -> None:
        with self._lock:
            if outcome == stream.REFUSED:
                return
            if outcome == stream.LOST:
                # Redis has lost the stream: one entry with the whole text takes its place.
                self._sequence += 1
                self._in_flight = Entry(self._sequence, stream.SNAPSHOT, "".join(self._text))
                self._pending.clear()
                return
            self._in_flight = None
            self.refused = outcome == stream.SEALED


class Flusher:
    """Sends what all writers of this process have pending, in one pipeline per tick."""

    def __init__(self) -> None:
        self._waiting: set[StreamWriter] = set()
        self._lock = threading.Lock()
        self._work = threading.Event()
        self._urgent = threading.Event()
        threading.Thread(target=self._run, name="flusher", daemon=True).start()

    def open(self, generation_id: UUID) -> StreamWriter:
        """Start the stream of one run."""
        writer = StreamWriter(generation_id, flusher=self)
        self.wake(writer, urgent=True)
        return writer

    def wake(self, writer: StreamWriter, *, urgent: bool) -> None:
        """Let a writer be flushed on the next tick, or now."""
        with self._lock:
            self._waiting.add(writer)
        self._work.set()
        if urgent:
            self._urgent.set()

    def _run(self) -> None:
        while True:
            self._work.wait()
            self._work.clear()
            self._urgent.clear()
            if not self._flush():
                time.sleep(RETRY_SECONDS)
                self._work.set()
            self._urgent.wait(TICK_SECONDS)

    def _flush(self) -> bool:
        with self._lock:
            writers, self._waiting = list(self._waiting), set()
        entries = [(writer, entry) for writer in writers if (entry := writer._next()) is not None]
        if not entries:
            return True
        try:
            outcomes = stream.append_all([(writer.generation_id, entry) for writer, entry in entries])
        except RedisError as error:
            logger.warning("stream_append_failed", error=str(error), streams=len(entries))
            with self._lock:
                self._waiting.update(writers)
            return False
        for (writer, _entry), outcome in zip(entries, outcomes, strict=True):
            writer._answered(outcome)
            if writer._next() is not None:
                self.wake(writer, urgent=False)
        refused = outcomes.count(stream.REFUSED)
        if refused:
            logger.warning("stream_append_refused", streams=refused)
        return not refused


@cache
def shared() -> Flusher:
    """Return this process's flusher, started on first use: after the worker has forked or patched what it must."""
    return Flusher()
