"""A Markdown text as one line to read: its words, without its marks."""

import re
from collections.abc import Iterable

SEPARATOR = " · "
_CELL_SEPARATOR = ", "
# After these the next block needs no separator.
_STOPS = (".", ":", "!", "?", "…", ",", ";")

_FENCE = re.compile(r"`{3,}|~{3,}")
# Lines that only draw: rules, underlines of headings, and what is below the head of a table.
_DRAWN = re.compile(r"[-=*_|:\s]{3,}|=+|-+")
_LEADING = re.compile(r"(?:(?:#{1,6}|[-*+])[ \t]+|>[ \t]*)+")
_NUMBERED = re.compile(r"\d{1,9}[.)][ \t]")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)|<((?:https?://|mailto:)[^<>\s]+)>")
# An escaped sign stays; a star or an underscore goes where it opens or closes something.
_EMPHASIS = re.compile(
    r"\\([!-/:-@\[-`{-~])|\*{2,}|~~"
    r"|(?<![\w*])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*])"
    r"|(?<!\w)_+(?=[^\s_])|(?<=[^\s_])_+(?!\w)"
)
_CODE = re.compile(r"`+")
_ANY_MARK = re.compile(r"[\\`*_~\[<|]")


def in_one_line(text: str) -> str:
    """Return the words of a Markdown text in one line; what stood in blocks of their own is set apart."""
    line = ""
    for block in _blocks(text.split("\n")):
        words = " ".join(" ".join(block).split())
        if words:
            line += (" " if line.endswith(_STOPS) else SEPARATOR if line else "") + words
    return line


def _blocks(lines: Iterable[str]) -> Iterable[list[str]]:
    block: list[str] = []
    is_code = False
    for line in map(str.strip, lines):
        leading = _LEADING.match(line)
        is_fence = bool(_FENCE.match(line))
        is_drawn = not is_code and (is_fence or not line or bool(_DRAWN.fullmatch(line)))
        if is_fence or is_drawn or (not is_code and (leading or _NUMBERED.match(line) or line.startswith("|"))):
            yield block
            block = []
        if is_fence:
            is_code = not is_code
        elif is_code:
            block.append(line)
        elif not is_drawn:
            block.append(_plain(line[leading.end() :] if leading else line))
        if leading and line.startswith("#"):
            yield block
            block = []
    yield block


def _plain(line: str) -> str:
    """Return a line of a text without its inline marks; code stays as it is."""
    if not _ANY_MARK.search(line):
        return line
    line = _LINK.sub(lambda found: found[1] or found[2] or "", line)
    if line.startswith("|"):
        line = _CELL_SEPARATOR.join(cell.strip() for cell in line.split("|") if cell.strip())
    parts = _CODE.split(line)
    # Without its partner, the last mark opened nothing.
    return "".join(
        part if index % 2 and index < len(parts) - 1 else _EMPHASIS.sub(r"\1", part) for index, part in enumerate(parts)
    )
