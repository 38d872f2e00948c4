"""The server-sent events of a generation's page: HTML fragments that htmx swaps out of band, in bytes.

Ids used here are those of templates/generation/detail.html.
"""

from collections.abc import Sequence
from dataclasses import dataclass

BLOCKS, TAIL = "generation-blocks", "generation-tail"

HEARTBEAT = b": \n\n"
PREAMBLE = b"retry: 1000\n: \n\n"


@dataclass(frozen=True)
class Cursor:
    """How far a reader has come: frozen blocks it shows, and the last entry of the stream it has seen."""

    frozen: int = 0
    sequence: int = 0

    def __str__(self) -> str:
        return f"{self.frozen}.{self.sequence}"


START = Cursor()


def parse_cursor(text: str) -> Cursor:
    """Return the cursor that a reconnecting reader sends; anything odd means the beginning."""
    frozen, _dot, sequence = text.partition(".")
    if len(text) > 40 or not (frozen.isascii() and frozen.isdigit() and sequence.isascii() and sequence.isdigit()):
        return START
    return Cursor(int(frozen), int(sequence))


def update(*, cursor: Cursor, first: int, frozen: Sequence[str], tail: str) -> bytes:
    """Blocks that have become final, from number `first` on, and the open tail: one event, so nothing shows twice."""
    swap = "beforeend" if first else "innerHTML"
    blocks = f'<div hx-swap-oob="{swap}:#{BLOCKS}">{"".join(frozen)}</div>'
    return _event("update", cursor, f'{blocks}<div hx-swap-oob="innerHTML:#{TAIL}">{tail}</div>')


def tail_append(*, cursor: Cursor, html: str) -> bytes:
    """Escaped text for the end of the open block."""
    return _event("tail_append", cursor, f'<div hx-swap-oob="beforeend:#{TAIL} [data-open]">{html}</div>')


def status(*, cursor: Cursor, status: str) -> bytes:
    """The stage that the generation is in, as its stable word."""
    return _event("status", cursor, status)


def done(*, cursor: Cursor, html: str, canonical: str | None) -> bytes:
    """The end: fragments with the outcome and the fresh balance, and the whole text where its final form differs."""
    whole = "" if canonical is None else f'<div hx-swap-oob="innerHTML:#{BLOCKS}">{canonical}</div>'
    return _event("done", cursor, whole + html)


def _event(name: str, cursor: Cursor, data: str) -> bytes:
    lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    body = "".join(f"data: {line}\n" for line in lines)
    return f"event: {name}\nid: {cursor}\n{body}\n".encode()
