"""The view of a text that still arrives: frozen blocks, a tail that replaces itself, and escaped text in between."""

import re
from dataclasses import dataclass

from apps.generation.markdown.canonical import render
from apps.generation.markdown.freezer import LINE_SIZE, OPEN_SIZE_MAX, Freezer, StaleBlocksError
from apps.generation.markdown.safety import escape_text, readable

# An open block is rendered again when it has grown by so much; over OPEN_SIZE_MAX, when it has doubled.
GROWTH = 1.25
# The only attribute that this module adds to sanitised HTML: appended text goes to the end of this element.
OPEN_START = "<span data-open>"
OPEN_END = "</span>"

FENCE_LINE_SIZE_MAX = 80

_FENCE_START = re.compile(r"[\s>*+\-\d.]*(?:```|~~~)")
_CLOSING_TAGS = re.compile(r"(?:</code></pre>\s*|</(?:p|h[1-6]|li|ul|ol|blockquote|td|th|tr|thead|tbody|table)>\s*)+\Z")


@dataclass(frozen=True, slots=True)
class Update:
    """Blocks frozen anew, the first of them number `first`, and the HTML that replaces the tail."""

    first: int
    frozen: tuple[str, ...]
    tail: str


@dataclass(frozen=True, slots=True)
class TailAppend:
    """Escaped text for the end of the tail's element with the attribute `data-open`."""

    html: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last frozen blocks; `canonical` is the whole HTML where it differs from all frozen blocks joined."""

    frozen: tuple[str, ...]
    canonical: str | None


class LiveMarkdown:
    """The safe HTML of a Markdown text that arrives in pieces.

    `frozen` holds the HTML of the blocks that no later text changes and depends on the text alone, not on the pieces.
    `tail_html` is the open rest. Together they show the whole text at any moment, once.
    """

    def __init__(self) -> None:
        self._freezer = Freezer()
        self._text: list[str] = []
        self._unfinished: list[str] = []
        self._unfinished_size = 0
        self._held_back = ""
        self._tail = _Tail()
        self._tail_size = 0

    @property
    def frozen(self) -> list[str]:
        return self._freezer.frozen

    @property
    def tail_html(self) -> str:
        return self._tail.html()

    def append(self, text: str) -> Update | TailAppend | None:
        """Take the next piece of the text. Returns what changed for a viewer, None if nothing did."""
        self._text.append(text)
        text = self._readable(text)
        if not text:
            return None
        first, was_in_fence = len(self.frozen), self._freezer.fence_end is not None
        was_line_start = not self._unfinished
        ended_line = self._take(text)
        if len(self.frozen) == first and not self._must_render(
            was_in_fence=was_in_fence, at_line_edge=was_line_start or ended_line
        ):
            return TailAppend(self._tail.append(text))
        self._render_tail()
        return Update(first, tuple(self.frozen[first:]), self.tail_html)

    def finish(self) -> Finished:
        """Freeze the rest. Where a link was defined after its use, this renders the whole text again."""
        first = len(self.frozen)
        if self._held_back:
            self._held_back = ""
            self._take("\n")
        if self._unfinished:
            self._freezer.take_line(self._pop_unfinished())
        self._freezer.close()
        self._tail = _Tail()
        return Finished(tuple(self.frozen[first:]), self._canonical())

    def _readable(self, text: str) -> str:
        """Hold back a final carriage return: it may be half of a line end."""
        text = self._held_back + text
        self._held_back = "\r" if text.endswith("\r") else ""
        return readable(text.removesuffix("\r"))

    def _take(self, text: str) -> bool:
        """Feed the whole lines to the freezer and keep the rest. Returns whether a line ended."""
        *lines, rest = text.split("\n")
        for line in lines:
            self._unfinished.append(line)
            self._freezer.take_line(self._pop_unfinished() + "\n")
        if rest:
            self._unfinished.append(rest)
            self._unfinished_size += len(rest)
        return bool(lines)

    def _pop_unfinished(self) -> str:
        line = "".join(self._unfinished)
        self._unfinished.clear()
        self._unfinished_size = 0
        return line

    def _must_render(self, *, was_in_fence: bool, at_line_edge: bool) -> bool:
        if self._freezer.fence_end is not None:
            return not was_in_fence
        size = self._open_size()
        if size > OPEN_SIZE_MAX:
            return size >= 2 * self._tail_size
        return at_line_edge or size >= GROWTH * self._tail_size or self._is_fence_line()

    def _is_fence_line(self) -> bool:
        """A fence's language is not text of the page: appended it would flash up in the code."""
        return self._unfinished_size < FENCE_LINE_SIZE_MAX and bool(_FENCE_START.match("".join(self._unfinished)))

    def _open_size(self) -> int:
        return self._freezer.size + self._unfinished_size + LINE_SIZE

    def _render_tail(self) -> None:
        unfinished = "".join(self._unfinished)
        self._tail_size = self._open_size()
        if self._freezer.lines or unfinished:
            self._tail = _open(self._freezer.open_html(unfinished))
        else:
            self._tail = _Tail()

    def _canonical(self) -> str | None:
        try:
            return self._freezer.canonical()
        except StaleBlocksError:
            canonical = render("".join(self._text))
            return None if canonical == "".join(self.frozen) else canonical


class _Tail:
    """Rendered HTML around the open element, and the text appended to it since."""

    def __init__(self, before: str = "", after: str = "") -> None:
        self._before, self._after = before, after
        self._appended: list[str] = []

    def append(self, text: str) -> str:
        self._appended.append(escape_text(text))
        return self._appended[-1]

    def html(self) -> str:
        return f"{self._before}{''.join(self._appended)}{self._after}"


def _open(html: str) -> _Tail:
    """Put the open element where the text ends: inside the innermost block, behind inline markup."""
    closing = _CLOSING_TAGS.search(html)
    end = closing.start() if closing else len(html)
    return _Tail(html[:end] + OPEN_START, OPEN_END + html[end:])
