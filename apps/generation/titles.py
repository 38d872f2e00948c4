"""The title of a generation, made of what was asked for."""

TITLE_CHARACTERS = 80
# What Markdown puts in front of a line.
_MARKS = "#>*-+ \t"


def make_title(inputs: dict[str, str]) -> str:
    """Return the first words of the first input that has any, in one line; empty when none has.

    A title holds nothing but words of the inputs: the search reads these, so it finds titles as well.
    """
    first = next((text for text in map(_in_one_line, inputs.values()) if text), "")
    if len(first) <= TITLE_CHARACTERS:
        return first
    whole_words = first[:TITLE_CHARACTERS].rpartition(" ")[0]
    return (whole_words or first[: TITLE_CHARACTERS - 1]).rstrip(" ,;:.\u2013\u2014-") + "…"


def _in_one_line(text: str) -> str:
    lines = (line.strip().lstrip(_MARKS) for line in text.splitlines())
    return " ".join(" ".join(lines).split())
