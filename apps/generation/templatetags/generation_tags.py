"""Formatting for the pages of the workshop."""

from django import template
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe

from apps.generation.gateway.errors import sentence_for
from apps.generation.markdown import render
from apps.generation.models import Generation

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Return the canonical safe HTML of a Markdown text."""
    return mark_safe(render(text))  # noqa: S308 - sanitised by render


@register.filter
def failure_sentence(generation: Generation) -> str | Promise:
    """Return what a failed generation tells the person who waited for it."""
    return sentence_for(generation.error_code)
