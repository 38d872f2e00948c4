"""The steps of a declared workflow as a state machine: which one comes next. No I/O.

draft -> check -> revise -> end
            \\-> end          when the check found nothing to change
draft -> revise -> end       when the template declares no check
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any


class State(StrEnum):
    """What a model is doing at a step of a workflow."""

    DRAFT = "draft"
    CHECK = "check"
    REVISE = "revise"


# Which way leads on from where; a check may also lead to the end.
TRANSITIONS = {State.DRAFT: (State.CHECK, State.REVISE), State.CHECK: (State.REVISE,), State.REVISE: ()}
WRITING = (State.DRAFT, State.REVISE)


@dataclass(frozen=True)
class WorkflowStep:
    """One step: what the model is told after all that was said before; a draft is told the template's own prompt.

    A check whose answer begins with the words of `passes` ends the workflow with the draft.
    """

    state: State
    prompt: str = ""
    passes: str = ""


Workflow = tuple[WorkflowStep, ...]


def parse(raw: Any) -> Workflow:
    """Read the `workflow:` of a template's file. Raises ValueError with what is wrong with it."""
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise ValueError("workflow: is no list of steps")
    steps = tuple(_step(each) for each in raw)
    states = [step.state for step in steps]
    if states[:1] != [State.DRAFT] or states[-1:] != [State.REVISE]:
        raise ValueError("workflow: begins with a draft and ends by revising it")
    for before, after in pairwise(states):
        if after not in TRANSITIONS[before]:
            raise ValueError(f"workflow: {after} cannot follow {before}")
    return steps


def next_step(steps: Workflow, current: WorkflowStep, *, answer: str) -> WorkflowStep | None:
    """Return the step that follows on this answer; None at the end."""
    if current.passes and answer.strip().casefold().startswith(current.passes.casefold()):
        return None
    following = steps[steps.index(current) + 1 :]
    return following[0] if following else None


def _step(raw: Any) -> WorkflowStep:
    if not isinstance(raw, dict) or raw.keys() - {"step", "prompt", "passes"}:
        raise ValueError("workflow: a step has a name (`step`), a `prompt`, and a check may have `passes`")
    if raw.get("step") not in list(State):
        raise ValueError(f"workflow: {raw.get('step')!r} is no step")
    step = WorkflowStep(State(raw["step"]), str(raw.get("prompt", "")), str(raw.get("passes", "")))
    if bool(step.prompt) == (step.state == State.DRAFT):
        raise ValueError("workflow: every step but the draft needs a prompt")
    if step.passes and step.state != State.CHECK:
        raise ValueError("workflow: only a check passes")
    return step
