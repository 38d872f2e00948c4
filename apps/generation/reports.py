"""What the page of a generation tells about it: what was asked, what it cost, and what to do when it failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.generation.gateway import errors
from apps.generation.models import Generation
from apps.generation.policies import Action, Counts, in_words

ALARMS = {error.code for error in errors.PROVIDER_ERRORS if error.kind is errors.Kind.FATAL}
# Sending the same text once more would end the same way.
OF_THE_TEXT = {
    errors.ContextLengthExceededError.code,
    errors.ContentFilteredError.code,
    errors.ModelRefusedError.code,
    errors.InputModeratedError.code,
    errors.OutputModeratedError.code,
    errors.OutputRefusedError.code,
    errors.ProviderRequestRefusedError.code,
}


class NextStep(TextChoices):
    """What helps after a failure."""

    RUN_AGAIN = "run_again"
    CHANGE_TEXT = "change_text"
    CONTACT = "contact"


@dataclass(frozen=True)
class Figures:
    """What a generation took: credits, tokens of all its attempts, seconds; times are None before they are known."""

    held: int
    charged: int
    input_tokens: int
    output_tokens: int
    waited_seconds: float | None
    worked_seconds: float | None
    response_model: str

    @property
    def returned(self) -> int:
        """The credits of the hold that came back."""
        return self.held - self.charged


def figures_of(generation: Generation) -> Figures:
    """Return what a generation took. One query, unless its attempts are loaded already."""
    attempts = sorted(generation.attempts.all(), key=lambda attempt: attempt.number)
    return Figures(
        held=generation.hold.amount,
        charged=generation.charged_credits,
        input_tokens=sum(attempt.input_tokens for attempt in attempts),
        output_tokens=sum(attempt.output_tokens for attempt in attempts),
        waited_seconds=_seconds(generation.created_at, generation.started_at),
        worked_seconds=_seconds(generation.started_at, generation.finished_at),
        response_model=attempts[-1].response_model if attempts else "",
    )


def elapsed_seconds(generation: Generation) -> int:
    """Return the whole seconds since a generation was submitted, until its end or now."""
    seconds = _seconds(generation.created_at, generation.finished_at or timezone.now())
    return max(0, int(seconds or 0))


def asked(generation: Generation) -> list[tuple[str, str]]:
    """Return the inputs with the labels that they had when they were sent."""
    labels = {field["name"]: field["label"] for field in generation.template_version.content["fields"]}
    return [(labels.get(name, name), text) for name, text in generation.inputs.items()]


def notes_on_input(generation: Generation) -> list[str]:
    """Return what was found in what was asked, and what was done about it, as sentences."""
    found = generation.findings.get("input", {})
    sentences = {
        Action.MASK: _("Masked before it was sent to the model: %(findings)s."),
        Action.WARN: _("Sent as written, with %(findings)s in it."),
    }
    return _notes(found, sentences)


def notes_on_output(generation: Generation) -> list[str]:
    """Return what was found in the answer, and what was done about it, as sentences."""
    found = generation.findings.get("output", {})
    sentences = {
        Action.MASK: _("In the answer we masked %(findings)s."),
        Action.WARN: _("The answer holds %(findings)s. Look at it before you pass it on."),
        Action.REFUSE: _("It stopped before %(findings)s."),
    }
    return _notes(found, sentences)


def next_step(generation: Generation) -> NextStep:
    """Return what a person whose generation has failed can do."""
    if generation.error_code in OF_THE_TEXT:
        return NextStep.CHANGE_TEXT
    return NextStep.CONTACT if generation.error_code in ALARMS else NextStep.RUN_AGAIN


def _notes(found: Counts, sentences: Mapping[Action, str]) -> list[str]:
    return [
        sentence % {"findings": in_words(found[action])} for action, sentence in sentences.items() if action in found
    ]


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None
