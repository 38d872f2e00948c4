"""Searching generations: what PostgreSQL is asked, and what is shown of a text in which words were found.

The functions are in sql/search.sql; the index over them holds what has ended.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from django.contrib.postgres.search import SearchVectorField
from django.db.models import BooleanField, Func, Q, TextField, UUIDField, Value
from django.db.models.expressions import RawSQL

from apps.generation.plain_text import in_one_line

SNIPPET_CHARACTERS = 160
# How much of a snippet comes before the first word that was found.
LEAD_CHARACTERS = 40
_SEPARATORS = re.compile(r"[\W_]+")


class GenerationDocument(Func):
    """All words of a generation: of its inputs (its title is made of them) and of its output."""

    function = "generation_document"
    output_field = SearchVectorField()

    def __init__(self) -> None:
        super().__init__("workspace", "inputs", "output")


class TitleDocument(Func):
    """All words of a conversation's title, for those that a person has given themselves."""

    function = "generation_document"
    output_field = SearchVectorField()

    def __init__(self) -> None:
        super().__init__("workspace", Value(None), "title")


class Matches(Func):
    """Whether a generation holds every word that was typed; the last one may be the beginning of a word."""

    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field = BooleanField()

    @classmethod
    def words(cls, wanted: str, *, workspace_id: UUID) -> "Matches":
        """Return the condition for one workspace; without any word in `wanted` nothing matches."""
        owner = Value(workspace_id, output_field=UUIDField())
        query = Func(owner, Value(wanted, output_field=TextField()), function="generation_query")
        return cls(GenerationDocument(), query)


def among_ended(wanted: str, *, workspace_id: UUID) -> Q:
    """Return the same condition for what has ended, which an index holds."""
    return Q(pk__in=RawSQL("SELECT generation_find(%s, %s)", (workspace_id, wanted)))


class Piece(NamedTuple):
    """A part of a snippet; one that was searched for is found."""

    text: str
    is_found: bool


def has_words(wanted: str) -> bool:
    """Tell whether there is anything to search for."""
    return bool(_words(wanted))


def snippet(texts: list[str], *, wanted: str) -> list[Piece]:
    """Return the part of the first text in which one of the words is found, else the beginning of the first one.

    Texts are shown without Markdown's marks, unless a word is found only there, as in the address of a link.
    """
    pattern = _pattern(wanted)
    if pattern:
        for text in chain(map(in_one_line, texts), (" ".join(text.split()) for text in texts)):
            found = pattern.search(text)
            if found:
                return list(_pieces(_cut(text, start=max(0, found.start() - LEAD_CHARACTERS)), pattern=pattern))
    return list(_pieces(_cut(next(filter(None, map(in_one_line, texts)), ""), start=0), pattern=None))


def marked(text: str, *, wanted: str) -> list[Piece]:
    """Return a whole text with the words that were searched for marked."""
    return list(_pieces(text, pattern=_pattern(wanted)))


def _words(wanted: str) -> list[str]:
    return [word for word in _SEPARATORS.split(wanted) if word]


def _pattern(wanted: str) -> re.Pattern[str] | None:
    """The words as they stand in a text: whole, but for the last one."""
    *whole, last = _words(wanted) or [""]
    if not last:
        return None
    either = "|".join([*(rf"{re.escape(word)}(?![^\W_])" for word in whole), rf"{re.escape(last)}[^\W_]*"])
    return re.compile(rf"(?<![^\W_])(?:{either})", re.IGNORECASE)


def _cut(text: str, *, start: int) -> str:
    """Cut a part out of a text at the ends of words."""
    if start:
        start = text.find(" ", start) + 1 or start
    end = start + SNIPPET_CHARACTERS
    if end < len(text):
        end = max(text.rfind(" ", start, end), start) if " " in text[start:end] else end
    before, after = "… " if start else "", " …" if end < len(text) else ""
    return f"{before}{text[start:end].strip()}{after}"


def _pieces(text: str, *, pattern: re.Pattern[str] | None) -> Iterator[Piece]:
    done = 0
    for found in pattern.finditer(text) if pattern else ():
        if found.start() > done:
            yield Piece(text[done : found.start()], False)
        yield Piece(found[0], True)
        done = found.end()
    if done < len(text):
        yield Piece(text[done:], False)
