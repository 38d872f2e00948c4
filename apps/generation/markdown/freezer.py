"""Freezes the blocks of a text that arrives in whole lines.

A top-level block is final once another one stands below it. The only later text that could still reach above that line
is a quoted title that continues a link reference definition; `_first_open_line` keeps such a definition open. What is
frozen depends on the lines alone, since every decision is taken after a whole line, whatever pieces it came in.
"""

import re
from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from markdown_it.token import Token

from apps.generation.markdown.groups import Group, Item, items_of
from apps.generation.markdown.parsing import (
    Block,
    Definition,
    References,
    parse_blocks,
    parse_inline,
    to_html,
)

# An open block over this size is parsed again only when it has doubled, or when a line shows that it must have ended.
OPEN_SIZE_MAX = 4_096
# What a line costs the parser however short it is, so that a thousand lines of one letter count as what they are.
LINE_SIZE = 32

_FRESH_LINE = re.compile(r" ?[^\s]")


class Freezer:
    """The frozen blocks of the lines taken so far, and the lines of the block that is still open."""

    def __init__(self) -> None:
        self.frozen: list[str] = []
        self.lines: list[str] = []
        self.size = 0
        self.group: Group | None = None
        self.fence_end: re.Pattern[str] | None = None
        self._definitions: dict[str, Mapping[str, Any]] = {}
        self.references = References(self._definitions)
        self._canonical: list[str] = []
        self._is_in_pieces = False
        self._is_exact = True
        self._parsed_size = 0
        self._is_after_blank = False

    def take_line(self, line: str) -> None:
        """Take one whole line, with its line end unless the text ends without one."""
        if self.fence_end is not None:
            self._append(line)
            if self.fence_end.fullmatch(line.rstrip("\n")):
                self.close()
            return
        if not line.strip(" \t\n"):
            if self.lines:
                self._append(line)
            self._is_after_blank = True
            return
        self._append(line)
        is_due = self.size <= OPEN_SIZE_MAX or self.size >= 2 * self._parsed_size
        if is_due or (self._is_after_blank and _FRESH_LINE.match(line)):
            self._settle()
        self._is_after_blank = False

    def close(self) -> None:
        """Freeze all that is open: the text, or its fence, has ended."""
        self._settle(is_closing=True)
        self._close_group()
        self._reopen([])
        self.fence_end = None

    def canonical(self) -> str | None:
        """Return the canonical HTML where it differs from the frozen blocks, after `close`.

        Raises StaleBlocksError where a block was frozen before a link that it refers to was defined.
        """
        if not self._is_exact or not self.references.missed.isdisjoint(self._definitions):
            raise StaleBlocksError
        return "".join(self._canonical) if self._is_in_pieces else None

    def open_html(self, unfinished: str) -> str:
        """Return the HTML of the open block as if `unfinished` were its last line. Freezes nothing."""
        blocks, definitions = parse_blocks("".join([*self._prefix(), *self.lines, unfinished]))
        local = {definition.label: definition.target for definition in reversed(definitions)}
        references = References(ChainMap(self._definitions, local))
        html = []
        if self.group is not None:
            html.append(self.group.open_html(blocks.pop(0), references=references))
        for block in blocks:
            parse_inline(block.tokens, references=references)
            html.append(to_html(block.tokens, is_final=False))
        return "".join(html)

    def _append(self, line: str) -> None:
        self.lines.append(line)
        self.size += len(line) + LINE_SIZE

    def _reopen(self, lines: list[str]) -> None:
        self.lines = lines
        self.size = sum(map(len, lines)) + LINE_SIZE * len(lines)

    def _prefix(self) -> list[str]:
        return [] if self.group is None else self.group.prefix

    def _settle(self, *, is_closing: bool = False) -> None:
        """Parse the open lines and freeze what no later line can change."""
        prefix = self._prefix()
        lines = [*prefix, *self.lines]
        blocks, definitions = parse_blocks("".join(lines))
        final_end = len(lines) if is_closing else _first_open_line(blocks, definitions)
        self._define(definitions, before=final_end)
        for block in blocks:
            if block.start < final_end:
                self._freeze(block, lines)
        if not is_closing and blocks and blocks[-1].start == final_end:
            final_end = self._open(blocks[-1], lines, definitions)
        self._reopen(lines[max(final_end, len(prefix)) :])
        self._parsed_size = self.size

    def _define(self, definitions: list[Definition], *, before: int) -> None:
        for definition in definitions:
            if definition.end <= before:
                self._definitions.setdefault(definition.label, definition.target)

    def _freeze(self, block: Block, lines: list[str]) -> None:
        if self.group is not None:
            self._add_items(self.group.items_of(block), lines, is_closed=True)
            self._close_group()
            return
        parse_inline(block.tokens, references=self.references)
        self.frozen.append(to_html(block.tokens))
        self._canonical.append(self.frozen[-1])

    def _open(self, block: Block, lines: list[str], definitions: list[Definition]) -> int:
        """Keep the last block open, except for its finished items. Returns the first line that stays open."""
        if block.kind == "fence":
            return self._open_fence(block, lines)
        items = items_of(block) if self.group is None else self.group.items_of(block)
        if len(items) < 2 or _may_be_title(items[-1].tokens[1], items[-1].start, definitions):
            return block.start
        first_open_line = items[-1].start
        self._define(definitions, before=first_open_line)
        if self.group is None:
            self.group = Group.open(block, lines, references=self.references)
        self._add_items(items[:-1], lines, is_closed=False)
        return first_open_line

    def _open_fence(self, block: Block, lines: list[str]) -> int:
        """Let lines pass unparsed until the fence ends, unless it has ended already."""
        markup = re.escape(block.tokens[0].markup)
        end = re.compile(rf" {{0,3}}{markup}{markup[-1]}*[ \t]*")
        if block.end - block.start > 1 and end.fullmatch(lines[block.end - 1].rstrip("\n")):
            self._freeze(block, lines)
            return block.end
        self.fence_end = end
        return block.start

    def _add_items(self, items: list[Item], lines: list[str], *, is_closed: bool) -> None:
        assert self.group is not None
        for number, item in enumerate(items, start=1):
            is_last = is_closed and number == len(items)
            self.group.add(item, lines, is_last=is_last, references=self.references)
            if self.group.is_piece_due and not is_last:
                self.frozen.append(self.group.freeze_piece())
        if self.group.has_too_many_cells:
            self._is_exact = False
            self._close_group()

    def _close_group(self) -> None:
        if self.group is None:
            return
        self._is_in_pieces |= self.group.is_in_pieces
        if not self.group.is_frozen:
            self.frozen.append(self.group.freeze_piece())
        self._canonical.append(self.group.canonical())
        self.group = None


class StaleBlocksError(Exception):
    """A frozen block would look different if it were rendered now."""


def _may_be_title(token: Token, line: int, definitions: list[Definition]) -> bool:
    """Tell whether the block at `line` could turn out to be the title of a definition right above it."""
    return token.type in ("paragraph_open", "code_block") and any(definition.end == line for definition in definitions)


def _first_open_line(blocks: list[Block], definitions: list[Definition]) -> int:
    """Return the first line of the last block, or of the definition above whose title it could turn out to be."""
    if not blocks:
        return 0
    last = blocks[-1]
    if not _may_be_title(last.tokens[0], last.start, definitions):
        return last.start
    above = [definition.start for definition in definitions if definition.end == last.start]
    holders = [block.start for block in blocks[:-1] for start in above if block.start <= start < block.end]
    return min([last.start, *above, *holders])
