"""The stages of a run in words: where its page is between the click and the end."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.generation import answer_policies
from apps.generation.answer_policies import Policy
from apps.generation.models import Generation

LABELS: Mapping[str, str | Promise] = {
    "reserving": _("Reserving credits"),
    "queued": _("Waiting for a worker"),
    "thinking": _("Thinking"),
    "writing": _("Writing"),
    "second_try": _("Trying once more"),
    "draft": _("Drafting"),
    "check": _("Reading the draft"),
    "revise": _("Revising"),
    "tool": _("Using a tool"),
    "done": _("Done"),
}
# Shown, and not said: a run speaks to a screen reader four times at most.
QUIET = {"second_try", "check", "revise", "tool"}


class Stage(NamedTuple):
    """One stage, as its stable word and as people read it."""

    name: str
    label: str | Promise
    is_quiet: bool


def of_policy(policy: Policy) -> list[Stage]:
    """Return the stages of a run with a template, in their order."""
    names = ["reserving", "queued", *policy.stages, "done"]
    return [Stage(name, LABELS[name], name in QUIET) for name in names]


def of_generation(generation: Generation) -> list[Stage]:
    """Return the stages of a generation, by the version of its template."""
    return of_policy(answer_policies.parse(generation.template_version.content))


def working(generation: Generation) -> Stage:
    """Return the first stage that a worker's run is in."""
    return of_generation(generation)[2]
