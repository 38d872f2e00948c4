"""Runs of several rounds to look at: an answer in a form that was turned down at first, and a reviewed article."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from apps.core.db import system_scope
from apps.core.ids import uuid7
from apps.generation import prompts
from apps.generation.models import Generation, Step
from dev.sample_data.run import Run

NOTES = (
    "Ana sends the new price list to Mara until Friday. Ben looks into why the import stops at 400 rows and tells us "
    "on Wednesday. Cleo asks the lawyer about the old contract. Nobody knows yet who trains the crew in May."
)
TASKS = {
    "summary": "A call with Harbor Tours about prices, the import and the contract.",
    "tasks": [
        {"task": "Send the new price list to Mara", "who": "Ana", "due": "Friday", "priority": "high"},
        {"task": "Find out why the import stops at 400 rows", "who": "Ben", "due": "Wednesday", "priority": "normal"},
        {"task": "Ask the lawyer whether the old contract still holds", "who": "Cleo", "due": "", "priority": "low"},
    ],
    "open_questions": ["Who trains the crew in May?"],
}
DRAFT = "# Release notes are worth ten minutes\n\nEverybody knows that customers love release notes.\n"
CRITICISM = "- “Everybody knows” is not supported by the points.\n- Say what a reader can do after reading.\n"
ARTICLE = (
    "# Release notes are worth ten minutes\n\nCustomers open them when they look for a reason to stay. Written "
    "together with the change they take ten minutes; written later they take an afternoon.\n\nSo say first what "
    "somebody can do now that they could not do before. The rest can wait for those who scroll.\n"
)
STEPS: Mapping[str, list[tuple[str, str, dict[str, object]]]] = {
    "form": [
        ("answer", json.dumps({"tasks": TASKS["tasks"]}), {"problems": ["summary: Field required"]}),
        ("second_try", json.dumps(TASKS), {"problems": []}),
    ],
    "workflow": [("draft", DRAFT, {}), ("check", CRITICISM, {}), ("revise", "", {})],
}


def list_runs(*, until: datetime) -> dict[str, Run]:
    """Return one run of each kind, by name."""
    form, article = prompts.get_template("task-list"), prompts.get_template("reviewed-article")
    hour = timedelta(hours=1)
    return {
        "form": Run(
            at=until - 7 * hour,
            template=form,
            title="Call with Harbor Tours",
            details=NOTES,
            output=json.dumps(TASKS, indent=2),
        ),
        "workflow": Run(
            at=until - 6 * hour, template=article, title="Release notes", details="Ten minutes.", output=ARTICLE
        ),
    }


def add_steps(ids: Mapping[str, UUID]) -> None:
    """Write down what the runs did on their way."""
    with system_scope():
        for name, steps in STEPS.items():
            generation = Generation.objects.get(pk=ids[name])
            for number, (kind, text, detail) in enumerate(steps, start=1):
                _add(generation, number=number, kind=kind, text=text, detail=detail)


def _add(generation: Generation, *, number: int, kind: str, text: str, detail: dict[str, object]) -> None:
    began = generation.created_at + timedelta(seconds=2 * number)
    Step.objects.create(
        id=uuid7(),
        generation=generation,
        number=number,
        kind=kind,
        text=text,
        detail=detail,
        attempts_made=number,
        started_at=began,
        finished_at=began + timedelta(seconds=1.6),
    )
