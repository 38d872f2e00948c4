"""The canonical HTML of a whole text: CommonMark with tables, strikethrough and links, made safe."""

from apps.generation.markdown.parsing import MARKDOWN
from apps.generation.markdown.safety import readable, sanitise


def render(text: str) -> str:
    """Return the safe HTML of a whole Markdown text. Takes time linear in its length; fetches nothing."""
    return sanitise(MARKDOWN.render(readable(text), {"references": {}}))
