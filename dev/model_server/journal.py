"""What was asked and what was sent, for tests and curious developers: the last calls and the totals since start."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

CALLS_MAX = 1000
HEADERS_OF_INTEREST = ("x-request-id", "x-client-request-id", "idempotency-key")

State = Literal["open", "finished", "aborted", "refused"]


@dataclass
class CallRecord:
    """One call. Text and bytes count as sent when they are handed to the socket, so a client never has more."""

    id: str
    headers: dict[str, str]
    started_at: float
    provider: str = ""
    model: str = ""
    messages: Any = None
    user: Any = None
    parameters: dict[str, Any] = field(default_factory=dict)
    state: State = "open"
    ended_at: float | None = None
    bytes_sent: int = 0
    pieces: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return what `/journal` shows; times are seconds since 1970."""
        shown = {name: value for name, value in vars(self).items() if name != "pieces"}
        return {**shown, "text_sent": "".join(self.pieces)}


class Journal:
    """The last calls, newest last, and totals since start, which emptying the journal leaves alone."""

    def __init__(self) -> None:
        self._records: deque[CallRecord] = deque(maxlen=CALLS_MAX)
        self._calls = 0
        self._open_calls = 0
        self._bytes_sent = 0

    def open(self, *, call_id: str, headers: dict[str, str], provider: str = "") -> CallRecord:
        """Begin the record of a call."""
        noted = {name: headers[name] for name in HEADERS_OF_INTEREST if name in headers}
        record = CallRecord(id=call_id, headers=noted, started_at=time.time(), provider=provider)
        self._records.append(record)
        self._calls += 1
        self._open_calls += 1
        return record

    def add_bytes(self, record: CallRecord, count: int) -> None:
        """Count bytes of a response body."""
        record.bytes_sent += count
        self._bytes_sent += count

    def close(self, record: CallRecord, *, state: State) -> None:
        """End the record of a call; only the first ending counts."""
        if record.state != "open":
            return
        record.state = state
        record.ended_at = time.time()
        self._open_calls -= 1

    def find(self, call_id: str) -> CallRecord | None:
        """Return the record of a call, or None if it is unknown or too old."""
        return next((record for record in reversed(self._records) if record.id == call_id), None)

    def clear(self) -> None:
        """Forget the records; calls that are still open go on and end unseen."""
        self._records.clear()

    def as_json(self) -> dict[str, Any]:
        """Return the calls and the totals."""
        totals = {"calls": self._calls, "open_calls": self._open_calls, "bytes_sent": self._bytes_sent}
        return {"calls": [record.as_json() for record in self._records], "totals": totals}
