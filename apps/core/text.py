"""Text at the border of the product."""

import re

# PostgreSQL refuses NUL, UTF-8 refuses lone surrogates; anything else is kept exactly as it came.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Return the text without NUL characters and lone surrogates, which neither PostgreSQL nor UTF-8 can hold."""
    return _UNSTORABLE.sub("", text)
