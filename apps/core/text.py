"""Text at the border of the product."""

import re

# PostgreSQL refuses NUL, UTF-8 refuses lone surrogates; anything else is kept exactly as it came.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# A spreadsheet would run a cell that begins with one of these.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def storable(text: str) -> str:
    """Return the text without NUL characters and lone surrogates, which neither PostgreSQL nor UTF-8 can hold."""
    return _UNSTORABLE.sub("", text)


def plain(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: one that begins like one gets an apostrophe in front."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
