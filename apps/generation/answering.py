"""What a run does to get its answer: one call, a second try, the steps of a workflow, or calls of tools. No I/O.

Whoever answers brings a `Talk`, which makes the calls and notes the steps: the runner one that records both, the
evaluation of prompts one that does not.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from apps.generation import bounds, output_schema, tool_runs, workflow
from apps.generation.answer_policies import TOOL_CALLS_PER_ROUND_MAX, TOOL_ROUNDS_MAX, Policy
from apps.generation.gateway import errors
from apps.generation.gateway.types import Completion, ToolCall
from apps.generation.models import Step
from apps.generation.tools import TOOLS

Messages = tuple[dict[str, Any], ...]
Sink = Callable[[str], None]
PARAGRAPH = "\n\n"


@dataclass(frozen=True)
class Question:
    """What one call asks, besides what all calls of a run have in common."""

    messages: Messages
    schema: dict[str, Any] | None = None
    tools: tuple[dict[str, Any], ...] = ()
    must_answer: bool = False

    @property
    def needs(self) -> frozenset[str]:
        """The capabilities that a model needs to be asked this."""
        return frozenset([*(["json_schema"] if self.schema else []), *(["tools"] if self.tools else [])])


@dataclass(frozen=True)
class Reply:
    """What one call brought."""

    text: str
    completion: Completion


@dataclass
class StepNote:
    """What is noted of a step while it is taken."""

    text: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


class Talk(Protocol):
    """How questions are asked and steps are noted."""

    # Whether the model takes a schema beside the prompt; others are told it in the prompt.
    takes_schema: bool

    def ask(self, question: Question, *, sink: Sink) -> Reply:
        """Ask the model; `sink` gets the text as it comes. Raises a ProviderError."""

    def step(self, kind: str, **detail: Any) -> AbstractContextManager[StepNote]:
        """Note a step for the length of a block."""


def answer(policy: Policy, messages: Messages, *, talk: Talk, show: Sink) -> Completion:
    """Answer a prompt as its template wants it; `show` gets what the reader sees. Raises a ProviderError."""
    if policy.workflow:
        return _Work(policy, talk=talk, show=show).do(messages)
    if policy.tools:
        return _answer_with_tools(policy, messages, talk=talk, show=show)
    if policy.is_judged:
        return _answer_judged(policy, messages, talk=talk, show=show)
    return talk.ask(Question(messages), sink=show).completion


def _answer_judged(policy: Policy, messages: Messages, *, talk: Talk, show: Sink) -> Completion:
    """Ask, and once more with what was wrong. What may still be turned down is not shown."""
    schema = output_schema.strict(policy.schema) if policy.schema else None
    asked = messages if schema is None or talk.takes_schema else bounds.with_instructions(messages, schema)
    problems: tuple[str, ...] = ()
    for kind in (Step.Kind.ANSWER, Step.Kind.SECOND_TRY):
        with talk.step(kind) as note:
            reply = talk.ask(Question(asked, schema=schema if talk.takes_schema else None), sink=_unseen)
            verdict = policy.judge(reply.text)
            problems = verdict.problems
            note.text, note.detail["problems"] = reply.text, list(problems)
        if not problems:
            show(verdict.text)
            return reply.completion
        asked = (*asked, _said(reply.text), _told(bounds.complaint(problems)))
    raise errors.InvalidOutputError("; ".join(problems))


class _Work:
    """The steps of a workflow; the last one is shown as it is written."""

    def __init__(self, policy: Policy, *, talk: Talk, show: Sink) -> None:
        self._steps = policy.workflow
        self._talk = talk
        self._show = show
        self._written = ""
        self._is_shown = False

    def do(self, messages: Messages) -> Completion:
        """Take the steps. On Stop and on failure the latest whole text is shown, unless there is a newer one."""
        try:
            completion = self._take_steps(messages)
        except errors.LeaseLostError:
            raise
        except errors.ProviderError:
            self._show_written()
            raise
        self._show_written()
        return completion

    def _take_steps(self, messages: Messages) -> Completion:
        step: workflow.WorkflowStep | None = self._steps[0]
        while True:
            assert step is not None
            messages = (*messages, _told(step.prompt)) if step.prompt else messages
            is_last = step == self._steps[-1]
            with self._talk.step(step.state) as note:
                reply = self._talk.ask(Question(messages), sink=self._show_new if is_last else _unseen)
                # What the last one wrote is the answer itself.
                note.text = "" if is_last else reply.text
            if step.state in workflow.WRITING:
                self._written = reply.text
            messages = (*messages, _said(reply.text))
            step = workflow.next_step(self._steps, step, answer=reply.text)
            if step is None:
                return reply.completion

    def _show_new(self, text: str) -> None:
        self._is_shown = True
        self._show(text)

    def _show_written(self) -> None:
        if self._written and not self._is_shown:
            self._show_new(self._written)


def _answer_with_tools(policy: Policy, messages: Messages, *, talk: Talk, show: Sink) -> Completion:
    """Ask, run what the model calls, and ask again; after TOOL_ROUNDS_MAX rounds it has to answer."""
    tools = tuple(TOOLS[name].schema() for name in policy.tools)
    shown = _Paragraphs(show)
    for number in range(TOOL_ROUNDS_MAX + 1):
        question = Question(messages, tools=tools, must_answer=number == TOOL_ROUNDS_MAX)
        reply = talk.ask(question, sink=shown.next().append)
        tool_calls = reply.completion.tool_calls[:TOOL_CALLS_PER_ROUND_MAX]
        if not tool_calls:
            return reply.completion
        if question.must_answer:
            break
        messages = (*messages, _called(reply.text, tool_calls))
        for tool_call in tool_calls:
            messages = (*messages, _run_tool(tool_call, policy=policy, talk=talk))
    raise errors.ToolRoundsExceededError(f"calls of tools after {TOOL_ROUNDS_MAX} rounds")


def _run_tool(tool_call: ToolCall, *, policy: Policy, talk: Talk) -> dict[str, Any]:
    arguments = tool_call.arguments[: bounds.ARGUMENTS_SHOWN_CHARACTERS]
    with talk.step(Step.Kind.TOOL, tool=tool_call.name, arguments=arguments) as note:
        result = tool_runs.run(tool_call, allowed=policy.tools)
        note.text, note.detail["error"] = result.text, result.error_code
    return {"role": "tool", "tool_call_id": tool_call.id, "content": result.text}


class _Paragraphs:
    """Keeps the texts of several rounds apart for the reader."""

    def __init__(self, show: Sink) -> None:
        self._show = show
        self._has_text = False
        self._is_due = False

    def next(self) -> "_Paragraphs":
        self._is_due = self._has_text
        return self

    def append(self, text: str) -> None:
        self._show(PARAGRAPH + text if self._is_due else text)
        self._has_text, self._is_due = True, False


def _said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def _told(text: str) -> dict[str, Any]:
    # What was wrong may quote the answer: like all that we did not write ourselves it never has the system role.
    return {"role": "user", "content": text}


def _called(text: str, tool_calls: tuple[ToolCall, ...]) -> dict[str, Any]:
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in tool_calls
    ]
    return {"role": "assistant", "content": text, "tool_calls": calls}


def _unseen(_text: str) -> None:
    """Keep a text from the reader that may still be turned down."""
