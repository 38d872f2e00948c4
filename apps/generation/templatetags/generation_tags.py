"""Formatting for the pages of the workshop."""

from django import template
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from apps.generation import composer, model_names, reports, stage_words, structured, usage_report
from apps.generation.gateway.errors import sentence_for
from apps.generation.markdown import render
from apps.generation.markdown.safety import escape_text
from apps.generation.models import Generation, Step
from apps.generation.prompts import PromptTemplate

STRUCTURED_PAGE = "generation/structured.html"

register = template.Library()
register.filter("asked", reports.asked)
register.filter("duration_in_words", usage_report.in_words)
register.filter("elapsed_seconds", reports.elapsed_seconds)
register.filter("figures", reports.figures_of)
register.filter("model_label", model_names.model_label)
register.filter("next_step", reports.next_step)
register.filter("working_stage", stage_words.working)
register.filter("notes_on_input", reports.notes_on_input)
register.filter("notes_on_output", reports.notes_on_output)


@register.filter
def markdown(text: str) -> SafeString:
    """Return the canonical safe HTML of a Markdown text."""
    return mark_safe(render(text))  # noqa: S308 - sanitized by render


@register.filter
def answer(generation: Generation) -> SafeString:
    """Return what a generation wrote as safe HTML: Markdown, or the parts of an answer in a form."""
    parts = structured.read(generation)
    return markdown(generation.output) if parts is None else render_to_string(STRUCTURED_PAGE, {"parts": parts})


@register.filter
def is_structured(generation: Generation) -> bool:
    """Tell whether the template asks for an answer in a form."""
    return structured.schema_of(generation) is not None


@register.filter
def stages(shown: Generation | PromptTemplate) -> list[stage_words.Stage]:
    """Return the stages of a generation, or of what a template would start."""
    if isinstance(shown, Generation):
        return stage_words.of_generation(shown)
    return stage_words.of_policy(shown.policy)


@register.filter
def step_seconds(step: Step) -> float:
    """Return how long a step took."""
    return (step.finished_at - step.started_at).total_seconds() if step.finished_at else 0.0


@register.filter
def as_written(text: str) -> SafeString:
    """Return a person's plain text as HTML that shows it as it is, and cannot turn around what stands beside it."""
    return mark_safe(escape_text(text))  # noqa: S308 - escaped


@register.simple_tag
def new_key() -> str:
    """Return an idempotency key that nobody has used."""
    return composer.new_key()


@register.filter
def failure_sentence(generation: Generation) -> str | Promise:
    """Return what a failed generation tells the person who waited for it."""
    if generation.stop_reason:
        return f"{generation.stop_reason} {_('You were not charged.')}"
    return sentence_for(generation.error_code)


@register.filter
def word_count(text: str) -> int:
    """Return how many words a text has."""
    return len(text.split())
