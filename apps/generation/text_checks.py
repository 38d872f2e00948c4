"""What a prompt template may ask of a free text: a few rules that a program can decide, each with its sentence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


@dataclass(frozen=True)
class TextCheck:
    """Limits in words, and what must or must not stand in a text, whatever its case; 0 and () ask nothing."""

    words_min: int = 0
    words_max: int = 0
    must_contain: tuple[str, ...] = ()
    must_not_contain: tuple[str, ...] = ()

    def problems(self, text: str) -> list[str]:
        """Return what is wrong with a text, a sentence each; empty when nothing is."""
        return list(self._problems(words=len(text.split()), text=text.casefold()))

    def _problems(self, *, words: int, text: str) -> Iterator[str]:
        if words < self.words_min:
            wanted = ngettext("at least %(wanted)d word", "at least %(wanted)d words", self.words_min)
            yield _word_problem(wanted % {"wanted": self.words_min}, words=words)
        if self.words_max and words > self.words_max:
            wanted = ngettext("at most %(wanted)d word", "at most %(wanted)d words", self.words_max)
            yield _word_problem(wanted % {"wanted": self.words_max}, words=words)
        for part in self.must_contain:
            if part.casefold() not in text:
                yield _("“%(part)s” is missing.") % {"part": part}
        for part in self.must_not_contain:
            if part.casefold() in text:
                yield _("“%(part)s” must not be in it.") % {"part": part}


def parse(raw: Mapping[str, Any]) -> TextCheck:
    """Read the `check:` of a template's file. Raises ValueError with what is wrong with it."""
    unknown = raw.keys() - {field.name for field in fields(TextCheck)}
    if unknown:
        raise ValueError(f"check: {', '.join(sorted(unknown))} is no rule")
    check = TextCheck(
        words_min=_whole(raw, "words_min"),
        words_max=_whole(raw, "words_max"),
        must_contain=_texts(raw, "must_contain"),
        must_not_contain=_texts(raw, "must_not_contain"),
    )
    if check == TextCheck() or (check.words_max and check.words_max < check.words_min):
        raise ValueError("check: asks nothing, or the impossible")
    return check


def _word_problem(wanted: str, *, words: int) -> str:
    return _("%(wanted)s are asked for; the text has %(words)d.") % {"wanted": wanted, "words": words}


def _whole(raw: Mapping[str, Any], name: str) -> int:
    value = raw.get(name, 0)
    if type(value) is not int or value < 0:
        raise ValueError(f"check: {name} is no whole number")
    return value


def _texts(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = raw.get(name, ())
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"check: {name} is no list of texts")
    return tuple(value)
