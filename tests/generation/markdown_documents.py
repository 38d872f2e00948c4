"""Random Markdown documents, random cuts of them, and what a reader sees of their HTML."""

import random
import re
from collections.abc import Iterator
from html.parser import HTMLParser

WORDS = (
    *(
        "alpha",
        "Ωmega",
        "漢字かな",
        "\N{WOMAN}\u200d\N{GIRL}",
        "1.",
        "-",
        "#",
        "|",
        "\\*",
        "&amp;",
        "&copy;",
        "<b>raw</b>",
    ),
    *("**bold**", "_soft_", "__u__", "*open", "~~gone~~", "`code`", "[ref]", "[late]", "[x](javascript:y)", "<script>"),
    *("[link](https://a.example)", "https://b.example/x?y=1", "a@b.example", "![image](https://c.example/p.png)"),
)
ODD_BLOCKS = (
    *("---", "***", "- - -", "-", "1.", "-\n\n  late", "a\n===\nb", "|", "|-|", "x | y\n-", "\t", "<!-- no"),
    *("<div>\n*x*\n</div>", "\x1b[31m \u202e \u200b", "&#8238;x", "[a]: <b", "[ref]: https://one.example\n'title"),
    *('[ref]:\nhttps://r.example\n"more\nlines"', "- [late]: https://l.example\n'lazy\ntitle'"),
    *("> [ref]: https://q.example\n> 'more\n> lines", "> - [late]: https://q.example\n'lazy\ntitle'"),
    *("[late]: https://m.example", "[late]: https://m.example\n'never closed\n\n'"),
)
FENCED = (
    "x = 1\n\n\ny < 2",
    "```\ninner\n```",
    "- no list\n# none",
    "    deep\n\ttab",
    "",
    "[ref]: https://no.example",
)
EARLY = "[ref]: https://early.example 'Title'"
LATE = "[late]:\n  <https://late.example>\n  'two\n  lines'"


def document(seed: int) -> str:
    """Return the Markdown document of a seed."""
    rng = random.Random(seed)
    blocks = [_block(rng, depth=0) for _ in range(rng.randint(1, 9))]
    if rng.random() < 0.3:
        blocks.insert(0, EARLY)
    if rng.random() < 0.3:
        blocks.append(LATE)
    text = "".join(block + rng.choice(["\n\n", "\n\n", "\n", "\n\n\n", "\n \t\n"]) for block in blocks)
    if rng.random() < 0.2:
        text = text.rstrip("\n")
    if rng.random() < 0.1:
        text = text.replace("\n", rng.choice(["\r\n", "\r"]))
    return text


def cuts(text: str, *, seed: int) -> Iterator[str]:
    """Return the text in random pieces, most of them small."""
    rng, at = random.Random(seed), 0
    while at < len(text):
        end = at + rng.choice([1, 2, 3, 5, 8, 13, 40, 200, 2000])
        yield text[at:end]
        at = end


def visible_text(html: str) -> str:
    """Return the text of the HTML without any white space."""
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    return re.sub(r"\s+", "", "".join(reader.text))


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _block(rng: random.Random, *, depth: int) -> str:
    usual = [_paragraph, _paragraph, _heading, _list, _list, _quote, _fence, _table, _code, _odd]
    kinds = [*usual, _long_list, _long_paragraph] if depth == 0 and rng.random() < 0.2 else usual
    return rng.choice(kinds)(rng, depth=depth)


def _line(rng: random.Random) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 9)))


def _paragraph(rng: random.Random, *, depth: int) -> str:
    return rng.choice(["\n", "  \n", "\\\n", "\n   "]).join(_line(rng) for _ in range(rng.randint(1, 4)))


def _heading(rng: random.Random, *, depth: int) -> str:
    if rng.random() < 0.5:
        return f"{'#' * rng.randint(1, 7)} {_line(rng)}"
    return f"{_paragraph(rng, depth=depth)}\n{rng.choice(['===', '---', '  =', '-', '--- -'])}"


def _list(rng: random.Random, *, depth: int, items: int = 5) -> str:
    marker = rng.choice(["-", "*", "+", "1.", "7.", "0)", "3)"])
    gap = rng.choice(["\n", "\n", "\n\n"])
    return gap.join(_item(rng, marker=marker, depth=depth) for _ in range(rng.randint(1, items)))


def _item(rng: random.Random, *, marker: str, depth: int) -> str:
    body = _line(rng) if rng.random() < 0.8 else ""
    if depth < 3 and rng.random() < 0.4:
        body += rng.choice(["\n", "\n\n"]) + _block(rng, depth=depth + 1)
    indent = rng.choice([" " * (len(marker) + 1)] * 4 + ["\t", " ", ""])
    pad = rng.choice(["", "", "", " ", "  "])
    return pad + f"{marker} " + body.replace("\n", "\n" + pad + indent)


def _quote(rng: random.Random, *, depth: int) -> str:
    inner = _block(rng, depth=depth + 1) if depth < 3 else _line(rng)
    lines = inner.split("\n")
    return "\n".join(line if index and rng.random() < 0.2 else f"> {line}" for index, line in enumerate(lines))


def _fence(rng: random.Random, *, depth: int) -> str:
    mark = rng.choice(["```", "~~~", "````"])
    inner = rng.choice(FENCED)
    opening = rng.choice(["", " ", "   "]) + mark + rng.choice(["", "python", " js extra", "nonsense", '"><b>'])
    return f"{opening}\n{inner}" + rng.choice([f"\n{mark}", f"\n{mark}", f"\n  {mark}  ", "\n~~", ""])


def _table(rng: random.Random, *, depth: int, rows: int = 5) -> str:
    columns = rng.randint(1, 4)
    head = "|" + "|".join(_cell(rng) for _ in range(columns)) + "|"
    rule = "|" + "|".join(rng.choice(["---", ":--", "--:", ":-:"]) for _ in range(columns)) + "|"
    body = ["|".join(_cell(rng) for _ in range(rng.randint(1, 5))) for _ in range(rng.randint(0, rows))]
    return "\n".join([head, rule, *body])


def _cell(rng: random.Random) -> str:
    return rng.choice([*WORDS, "", " a \\| b "]).replace("|", "\\|")


def _code(rng: random.Random, *, depth: int) -> str:
    return "\n".join(rng.choice(["    ", "\t", "     "]) + _line(rng) for _ in range(rng.randint(1, 3)))


def _odd(rng: random.Random, *, depth: int) -> str:
    return rng.choice(ODD_BLOCKS)


def _long_list(rng: random.Random, *, depth: int) -> str:
    return rng.choice([_list(rng, depth=2, items=120), _table(rng, depth=0, rows=200)])


def _long_paragraph(rng: random.Random, *, depth: int) -> str:
    words = " ".join(_line(rng) for _ in range(rng.choice([60, 300])))
    return words if rng.random() < 0.5 else words.replace(" - ", "\n")
