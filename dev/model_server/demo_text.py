"""What the demo model writes: a believable Markdown answer made of the user's own words, always the same."""

import re
import zlib
from collections.abc import Sequence
from random import Random
from typing import TypeVar

from dev.model_server import phrases

Item = TypeVar("Item")

STOP_WORDS = frozenset(phrases.STOP_WORDS.split())
TOPICS = 4
TOPIC_CHARACTERS_MAX = 24
TITLE_WORDS_MAX = 8
TITLE_CHARACTERS_MAX = 70
EXCERPT_WORDS_MAX = 20
EXCERPT_CHARACTERS_MAX = 160


def write_answer(message: str) -> str:
    """Return 250 to 450 words of Markdown about the message."""
    random = seeded(message)
    words = {key: topic for key, topic in zip("abcd", _topics_of(message), strict=True)}
    extra = _pick(random, (_table, _code, _nothing))(words)
    parts = [
        f"# {_title_of(message)}",
        _pick(random, phrases.INTRODUCTIONS).format(excerpt=_excerpt_of(message)),
        phrases.DISCLOSURE,
        _fill(_pick(random, phrases.OPENINGS), words),
        f"## {_fill(_pick(random, phrases.LIST_HEADINGS), words)}",
        "\n".join(_list_items(random, words)),
        f"## {_fill(_pick(random, phrases.DETAIL_HEADINGS), words)}",
        _fill(_pick(random, phrases.DETAILS), words),
        *extra,
        _fill(_pick(random, phrases.REFLECTIONS), words),
        "## Next step",
        _fill(_pick(random, phrases.CLOSINGS), words),
    ]
    return "\n\n".join(parts) + "\n"


def split_into_pieces(text: str, *, random: Random) -> list[str]:
    """Return the text in pieces of one to three words, each with the space before it."""
    words = re.findall(r"\s*\S+|\s+", text)
    pieces = []
    while words:
        count = 1 + int(random.random() * 3)
        pieces.append("".join(words[:count]))
        del words[:count]
    return pieces


def seeded(message: str) -> Random:
    """Return randomness that depends on the message alone, in every process."""
    return Random(zlib.crc32(message.encode("utf-8", "surrogatepass")))


def _topics_of(message: str) -> list[str]:
    """Return the words that the message is about: the most frequent, then the longest, then the first."""
    words = [word for word in re.findall(r"[^\W_]{3,}", message) if word.lower() not in STOP_WORDS]
    folded = [word.lower() for word in words]
    ranked = sorted(set(folded), key=lambda word: (-folded.count(word), -len(word), folded.index(word)))
    found = [words[folded.index(word)][:TOPIC_CHARACTERS_MAX] for word in ranked[:TOPICS]]
    return [*found, *phrases.FALLBACK_TOPICS][:TOPICS]


def _title_of(message: str) -> str:
    words = re.findall(r"[^\W_][\w'-]*", message)[:TITLE_WORDS_MAX]
    title = " ".join(words)[:TITLE_CHARACTERS_MAX].strip() or "Your question"
    return title[0].upper() + title[1:]


def _excerpt_of(message: str) -> str:
    words = message.split()
    excerpt = " ".join(words[:EXCERPT_WORDS_MAX])
    shown = excerpt[:EXCERPT_CHARACTERS_MAX]
    is_cut = len(words) > EXCERPT_WORDS_MAX or shown != excerpt
    return (shown + "…" if is_cut else shown) or "nothing in particular"


def _list_items(random: Random, words: dict[str, str]) -> list[str]:
    """Return four items in an order of their own, numbered or not."""
    rest = list(phrases.LIST_ITEMS)
    chosen = [rest.pop(int(random.random() * len(rest))) for _ in range(4)]
    is_numbered = random.random() < 0.4
    marks = [f"{number}." if is_numbered else "-" for number in range(1, 5)]
    return [f"{mark} {_fill(item, words)}" for mark, item in zip(marks, chosen, strict=True)]


def _table(words: dict[str, str]) -> list[str]:
    return [_fill(phrases.TABLE_INTRODUCTION, words), _fill(phrases.TABLE, words)]


def _code(words: dict[str, str]) -> list[str]:
    return [_fill(phrases.CODE_INTRODUCTION, words), _fill(phrases.CODE, words)]


def _nothing(words: dict[str, str]) -> list[str]:
    return []


def _fill(phrase: str, words: dict[str, str]) -> str:
    """Put the topics into a phrase: {a} as the user wrote it, {A} with a capital."""
    return phrase.format(**words, **{key.upper(): word[0].upper() + word[1:] for key, word in words.items()})


def _pick(random: Random, items: Sequence[Item]) -> Item:
    return items[int(random.random() * len(items))]
