"""Safe Markdown: `render` for a whole text, `LiveMarkdown` for one that still arrives. Pure functions, no Django."""

from apps.generation.markdown.canonical import render
from apps.generation.markdown.live import Finished, LiveMarkdown, TailAppend, Update

__all__ = ["Finished", "LiveMarkdown", "TailAppend", "Update", "render"]
