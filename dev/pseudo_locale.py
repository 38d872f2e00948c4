"""A language nobody speaks: every text of the product in accented letters and 40 % longer, to find what cannot change.

Settings that use it: dev/pseudo_settings.py. Text that stays plain did not come through gettext.
"""

import re
from gettext import NullTranslations

LANGUAGE = "en-xa"
# Django puts the context of a message before it.
CONTEXT_END = "\x04"
# Kept as they are: %(name)s and %s, {name}, HTML tags and entities.
KEPT = re.compile(r"%\(\w+\)[sdif]|%[sdif%]|\{\w*\}|<[^>]+>|&#?\w+;")
PLAIN = "AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPpQqRrSsTtUuVvWwXxYyZz"
ACCENTED = "ÅåƁƀÇçÐðÉéƑƒĜĝĤĥÎîĴĵĶķĻļḾḿÑñÖöÞþǪǫŔŕŠšŢţÛûṼṽŴŵẊẋÝýŽž"
ACCENTS = str.maketrans(PLAIN, ACCENTED)
LONGER_BY, WORD_LENGTH = 0.4, 8


def accent(text: str) -> str:
    """Return a text that can be read and cannot be mistaken: accented, in brackets, 40 % longer."""
    if not text.strip():
        return text
    parts = KEPT.split(text)
    kept = [*KEPT.findall(text), ""]
    words = "".join(part.translate(ACCENTS) + whole for part, whole in zip(parts, kept, strict=True))
    return f"[{words}{_more(round(sum(map(len, parts)) * LONGER_BY))}]"


def _more(length: int) -> str:
    """Return that many characters more, as words that a line can break between."""
    whole, rest = divmod(length, WORD_LENGTH)
    return "".join(f" {'~' * size}" for size in [*[WORD_LENGTH - 1] * whole, max(rest - 1, 0)] if size)


class PseudoTranslation(NullTranslations):
    """A catalogue for Django's registry that knows every text."""

    domain = "django"

    def gettext(self, message: str) -> str:
        """Return the accented text."""
        return accent(message.rpartition(CONTEXT_END)[2])

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the accented singular or plural."""
        return self.gettext(msgid1 if n == 1 else msgid2)

    def language(self) -> str:
        """Return the language, as Django asks its own catalogues."""
        return LANGUAGE

    def to_language(self) -> str:
        """Return the language, as Django asks its own catalogues."""
        return LANGUAGE
