"""Personal data and secrets in a text: where they stand, and of which kind they are. Pure, and linear in the text.

What is found depends on the text alone and not on how it was cut: every pattern has a longest match, and tells of an
unfinished text whether more of it could still become a finding. So a text can be screened while it is being written.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from apps.generation.findings.recognizers import ANY, RECOGNIZERS, UNDECIDED, Category, Kind

__all__ = ["Category", "Finding", "Kind", "Screen", "count", "find", "replace"]

# What patterns look back at: one character before a finding.
LOOK_BACK = 1


class Finding(NamedTuple):
    """A finding and its place in the text, `end` excluded."""

    kind: Kind
    start: int
    end: int


def find(text: str) -> list[Finding]:
    """Return all findings of a text in order; they do not overlap."""
    return list(_scan(text, start=0, before=len(text)))


def count(text: str) -> Counter[Kind]:
    """Return how many findings of each kind a text has."""
    return Counter(finding.kind for finding in find(text))


def replace(text: str, placeholder: Callable[[Kind], str | None]) -> str:
    """Return the text with what `placeholder` gives in the place of each finding; None leaves it as it is."""
    pieces: list[str] = []
    screen = Screen(placeholder, sink=pieces.append)
    screen.feed(text)
    screen.finish()
    return "".join(pieces)


class Screen:
    """Replaces findings in a text that comes in pieces, and hands on to `sink` what is decided.

    It holds back what more text could still make a finding: the last word as a rule, a few kilobytes at most.
    `placeholder` may raise: by then the sink has all that stands before the finding.
    """

    def __init__(self, placeholder: Callable[[Kind], str | None], *, sink: Callable[[str], None]) -> None:
        self._placeholder = placeholder
        self._sink = sink
        self._text = ""
        self._done = 0

    def feed(self, piece: str) -> None:
        """Take the next piece."""
        self._text += piece
        undecided = UNDECIDED.search(self._text, self._done)
        self._release(before=undecided.start() if undecided else len(self._text))

    def finish(self) -> None:
        """Release the rest: nothing comes after it."""
        self._release(before=len(self._text))

    def _release(self, *, before: int) -> None:
        """Hand on the text up to a place, with the findings that begin before it replaced."""
        text, done = self._text, self._done
        for finding in _scan(text, start=done, before=before):
            self._hand_on(text[done : finding.start])
            shown = self._placeholder(finding.kind)
            self._hand_on(text[finding.start : finding.end] if shown is None else shown)
            done = finding.end
        # A finding that began before the place may have reached beyond it.
        if done < before:
            self._hand_on(text[done:before])
            done = before
        forgotten = max(0, done - LOOK_BACK)
        self._text, self._done = text[forgotten:], done - forgotten

    def _hand_on(self, text: str) -> None:
        if text:
            self._sink(text)


def _scan(text: str, *, start: int, before: int) -> Iterator[Finding]:
    """Yield the findings that begin in a part of the text."""
    while start < before:
        match = ANY.search(text, start)
        if match is None or match.start() >= before:
            return
        recognizer = RECOGNIZERS[str(match.lastgroup)]
        length = recognizer.judge(match.group())
        if length:
            yield Finding(recognizer.kind, match.start(), match.start() + length)
        start = match.start() + (length or 1)
