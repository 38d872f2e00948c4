"""A list, table or quote that is still open, kept as finished items, so that no item is parsed again for the next.

The items of a table are its rows, those of a quote the blocks in it.
"""

from dataclasses import dataclass
from typing import Self

from markdown_it.token import Token

from apps.generation.markdown.parsing import FILLED_CELLS_MAX, Block, References, parse_blocks, parse_inline, to_html

# Size of source from which finished items are frozen as a list, table or quote of their own.
PIECE_SIZE = 3_072

_LISTS = ("bullet_list_open", "ordered_list_open")
ITEM_LEVELS = {"bullet_list_open": 1, "ordered_list_open": 1, "blockquote_open": 1, "table_open": 2}


@dataclass(frozen=True, slots=True)
class Item:
    """Tokens that stand alone, in a list, table or quote of their own, and their lines, `end` excluded."""

    tokens: list[Token]
    start: int
    end: int


class Group:
    """The finished items of one list, table or quote, and how many of them are frozen."""

    def __init__(
        self, tag: str, *, prefix: list[str], header: str = "", marker: str = "", start: int | None = None
    ) -> None:
        # The lines to put above open items, so that the parser takes them for items and for nothing else.
        self.prefix = prefix
        self.is_loose = False
        self.frozen_count = 0
        self._head, self._foot = f"<{tag}>\n", f"</{tag}>\n"
        self._header, self._marker, self._start = header, marker, start
        self._tight: list[str] = []
        self._loose: list[str] = []
        self._pending_size = 0
        self._filled_cells = 0

    @classmethod
    def open(cls, block: Block, lines: list[str], *, references: References) -> Self:
        """Start the group of an open block; its items are added by the caller."""
        token = block.tokens[0]
        if block.kind == "table_open":
            parse_inline(head := _table_head(block.tokens), references=references)
            header = to_html(head).removeprefix("<table>\n").removesuffix("</table>\n")
            return cls("table", prefix=lines[block.start : block.start + 2], header=header)
        if block.kind == "blockquote_open":
            return cls("blockquote", prefix=["> # x\n"])
        start = int(token.attrs.get("start", 1)) if token.tag == "ol" else None
        marker = token.markup if start is None else f"1{token.markup}"
        # Indented as far as an item may be: whatever item follows is beside it, not in it.
        return cls(token.tag, prefix=[f"   {marker} # x\n"], marker=marker, start=start)

    @property
    def _is_list(self) -> bool:
        return bool(self._marker)

    @property
    def is_table(self) -> bool:
        return bool(self._header)

    @property
    def is_frozen(self) -> bool:
        return self.frozen_count == len(self._tight)

    @property
    def is_in_pieces(self) -> bool:
        return self.frozen_count > 0

    @property
    def is_piece_due(self) -> bool:
        return self._pending_size >= PIECE_SIZE

    @property
    def has_too_many_cells(self) -> bool:
        return self._filled_cells > FILLED_CELLS_MAX

    def items_of(self, block: Block) -> list[Item]:
        """Return the items of a block that was parsed below the prefix."""
        return [item for item in items_of(block) if item.start >= len(self.prefix)]

    def add(self, item: Item, lines: list[str], *, is_last: bool, references: References) -> None:
        """Add one finished item of `lines`. A blank line after it counts unless it is the last."""
        tokens, lines = item.tokens, lines[item.start : item.end]
        parse_inline(tokens, references=references)
        self._tight.append(self._item_html(tokens, is_loose=False, is_final=True))
        self._loose.append(self._item_html(tokens, is_loose=True, is_final=True) if self._is_list else self._tight[-1])
        self._pending_size += sum(map(len, lines))
        if self.is_table:
            self._filled_cells += max(0, self._header.count("</th>") - _count_cells(lines[0]))
        if self._is_list and not self.is_loose:
            self.is_loose = self._makes_loose(lines, is_last=is_last)

    def freeze_piece(self) -> str:
        """Mark all items frozen. Returns the HTML of those that were not, as a block of their own."""
        piece = self._wrap(self._items(self.is_loose)[self.frozen_count :], first=self.frozen_count)
        self.frozen_count = len(self._tight)
        self._pending_size = 0
        return piece

    def open_html(self, block: Block, *, references: References) -> str:
        """Return the HTML of what is not frozen, with the open items of `block`, as the tail shows it."""
        items = self.items_of(block)
        parse_inline(block.tokens, references=references)
        is_loose = self.is_loose or (self._is_list and _is_loose(block.tokens))
        opened = [self._item_html(item.tokens, is_loose=is_loose, is_final=False) for item in items]
        return self._wrap(self._items(is_loose)[self.frozen_count :] + opened, first=self.frozen_count)

    def canonical(self) -> str:
        """Return the HTML of the whole list or table in one piece."""
        return self._wrap(self._items(self.is_loose), first=0)

    def _items(self, is_loose: bool) -> list[str]:
        return self._loose if is_loose else self._tight

    def _makes_loose(self, lines: list[str], *, is_last: bool) -> bool:
        """Ask the parser: with one more item below, would the list be loose?"""
        while is_last and lines and not lines[-1].strip():
            lines = lines[:-1]
        if len(lines) < 2:
            return False
        source = "".join(lines)
        line_end = "" if source.endswith("\n") else "\n"
        blocks, _ = parse_blocks(f"{self.prefix[0]}{source}{line_end}{self._marker} x\n")
        return _is_loose(blocks[0].tokens)

    def _item_html(self, tokens: list[Token], *, is_loose: bool, is_final: bool) -> str:
        for token in tokens if self._is_list else []:
            if _is_own_paragraph(token):
                token.hidden = not is_loose
        html = to_html(tokens, is_final=is_final)
        return html.removeprefix(self._inner_head()).removesuffix(self._inner_foot())

    def _wrap(self, items: list[str], *, first: int) -> str:
        head = self._head
        if self._start is not None and self._start + first != 1:
            head = f'<ol start="{self._start + first}">\n'
        header = self._header if first == 0 else ""
        inner = f"<tbody>\n{''.join(items)}</tbody>\n" if self.is_table else "".join(items)
        return f"{head}{header}{inner}{self._foot}"

    def _inner_head(self) -> str:
        return "<table>\n<tbody>\n" if self.is_table else self._head

    def _inner_foot(self) -> str:
        return "</tbody>\n</table>\n" if self.is_table else self._foot


def items_of(block: Block) -> list[Item]:
    """Return what a list, table or quote consists of; nothing for any other block."""
    level = ITEM_LEVELS.get(block.kind)
    if level is None:
        return []
    opened, found = 0, []
    for index, token in enumerate(block.tokens):
        if token.level != level:
            continue
        if token.nesting == 1:
            opened = index
            continue
        first = opened if token.nesting == -1 else index
        lines = block.tokens[first].map
        if lines is not None and not (block.kind == "table_open" and lines[0] == block.start):
            found.append(Item(_alone(block, block.tokens[first : index + 1]), lines[0], lines[1]))
    return found


def _alone(block: Block, item: list[Token]) -> list[Token]:
    first, last = block.tokens[0], block.tokens[-1]
    if block.kind == "table_open":
        body, body_end = Token("tbody_open", "tbody", 1, block=True), Token("tbody_close", "tbody", -1, block=True)
        return [first, body, *item, body_end, last]
    # Without the number at which a list starts: the group knows it.
    return [Token(first.type, first.tag, 1, block=True), *item, last]


def _table_head(tokens: list[Token]) -> list[Token]:
    end = next(index for index, token in enumerate(tokens) if token.type == "thead_close")
    return [*tokens[: end + 1], tokens[-1]]


def _count_cells(row: str) -> int:
    inner = row.strip().removeprefix("|").removesuffix("|")
    return inner.count("|") - inner.count("\\|") + 1


def _is_loose(tokens: list[Token]) -> bool:
    return any(_is_own_paragraph(token) and not token.hidden for token in tokens)


def _is_own_paragraph(token: Token) -> bool:
    return token.level == 2 and token.type in ("paragraph_open", "paragraph_close")
