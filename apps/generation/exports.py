"""Texts as files: a conversation as Markdown. The page in a file is templates/generation/export.html."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from apps.generation import reports
from apps.generation.models import Generation


def as_markdown(turns: Sequence[Generation]) -> str:
    """Return questions and answers in order, with the note that a model wrote the answers."""
    parts = [f"> {_('Written by an AI model. Answers vary and can be wrong.')}"]
    for turn in turns:
        asked = "\n\n".join(f"**{label}:** {text}" for label, text in reports.asked(turn) if text)
        parts += [asked, "---", turn.output or _("(no answer)"), "---"]
    return "\n\n".join(parts[:-1]) + "\n"
