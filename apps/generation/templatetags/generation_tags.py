"""Formatting for the pages of the workshop."""

from django import template
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe

from apps.generation import model_names, reports
from apps.generation.gateway.errors import sentence_for
from apps.generation.markdown import render
from apps.generation.models import Generation

register = template.Library()
register.filter("asked", reports.asked)
register.filter("elapsed_seconds", reports.elapsed_seconds)
register.filter("figures", reports.figures_of)
register.filter("model_label", model_names.model_label)
register.filter("next_step", reports.next_step)


@register.filter
def markdown(text: str) -> SafeString:
    """Return the canonical safe HTML of a Markdown text."""
    return mark_safe(render(text))  # noqa: S308 - sanitized by render


@register.filter
def failure_sentence(generation: Generation) -> str | Promise:
    """Return what a failed generation tells the person who waited for it."""
    return sentence_for(generation.error_code)


@register.filter
def word_count(text: str) -> int:
    """Return how many words a text has."""
    return len(text.split())
