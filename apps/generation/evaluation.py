"""Checked-in cases of the prompt templates, run against a model: what it answers, what that costs, what has changed.

No rows, no credits: the files of the checkout go to the model as a run would send them, with all their rounds.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

import yaml
from django.core.exceptions import ImproperlyConfigured

from apps.generation import answering, catalogue, context, outcomes, prompts, switches, text_checks
from apps.generation.answering import Question, Reply, Sink, StepNote
from apps.generation.gateway import errors, providers
from apps.generation.gateway.types import Completion, Delta, ProviderRequest
from apps.generation.prompts import PromptTemplate
from apps.generation.text_checks import TextCheck
from apps.usage import rates, rating

FOLDER = prompts.FOLDER / "cases"
RESULTS = FOLDER / "results.json"
# How far an answer may be from the one before: in what it costs only upwards, in length both ways.
COST_GROWTH_PERCENT_MAX = 30
LENGTH_CHANGE_PERCENT_MAX = 50
SECONDS_MAX = 120.0


class InvalidCaseError(ImproperlyConfigured):
    """A file of cases is broken; the message names it."""


@dataclass(frozen=True)
class Case:
    """Inputs for a template, and what has to hold of its answer; `items_min` counts the lists of one in a form."""

    slug: str
    name: str
    inputs: dict[str, str]
    check: TextCheck
    items_min: dict[str, int]

    @property
    def key(self) -> str:
        """What the results call it."""
        return f"{self.slug}: {self.name}"


@dataclass(frozen=True)
class Result:
    """What came of a case: cost in USD micros, words, the answers asked for, and what was wrong, a sentence each."""

    cost_usd_micros: int
    words: int
    rounds: int
    problems: tuple[str, ...] = ()


def load_cases(template: PromptTemplate) -> list[Case]:
    """Return the cases of a template. Raises InvalidCaseError."""
    path = FOLDER / f"{template.slug}.yaml"
    if not path.exists():
        return []
    try:
        return [_case(template, raw) for raw in yaml.safe_load(path.read_text(encoding="utf-8"))]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidCaseError(f"cases/{path.name}: {error}") from error


def evaluate(template: PromptTemplate, case: Case, *, model: str, on: date) -> Result:
    """Run one case. A provider's error is a problem of the case, not of the evaluation."""
    talk = _Unrecorded(template, model=model)
    pieces: list[str] = []
    problems: list[str] = []
    try:
        messages = template.messages(case.inputs)
        answering.answer(template.policy, messages, talk=talk, show=pieces.append)
        problems += _problems(case, "".join(pieces))
    except errors.ProviderError as error:
        problems.append(f"{error.code}: {error.detail}"[:200])
    rate = rates.find_rate(model=model, on=on)
    cost = sum(rating.cost_usd_micros(rate=rate, tokens=tokens) for tokens in talk.tokens)
    return Result(cost, len("".join(pieces).split()), len(talk.tokens), tuple(problems))


def load_results(model: str) -> dict[str, Result]:
    """Return the results of a model that were kept last, by the key of their case."""
    known: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return {key: Result(**result) for key, result in known.get(model, {}).items()}


def keep_results(model: str, results: Mapping[str, Result]) -> None:
    """Keep results as those to compare with; other models' and other templates' stay."""
    known: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    kept = {key: {**asdict(result)} for key, result in results.items()}
    for result in kept.values():
        del result["problems"]
    known[model] = dict(sorted({**known.get(model, {}), **kept}.items()))
    RESULTS.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def drift(result: Result, before: Result | None) -> list[str]:
    """Say how a result is further from the one before than it may be."""
    if before is None:
        return []
    drifts = []
    if result.cost_usd_micros * 100 > before.cost_usd_micros * (100 + COST_GROWTH_PERCENT_MAX):
        drifts.append(f"costs {result.cost_usd_micros} USD micros, {before.cost_usd_micros} before")
    if abs(result.words - before.words) * 100 > before.words * LENGTH_CHANGE_PERCENT_MAX:
        drifts.append(f"has {result.words} words, {before.words} before")
    if result.rounds > before.rounds:
        drifts.append(f"took {result.rounds} rounds, {before.rounds} before")
    return drifts


@dataclass
class _Unrecorded:
    """Asks the model directly, and adds up the tokens."""

    template: PromptTemplate
    model: str
    tokens: list[rating.TokenCount] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.takes_schema = catalogue.describe(self.model).can("json_schema")

    def ask(self, question: Question, *, sink: Sink) -> Reply:
        request = ProviderRequest(
            model=self.model,
            messages=question.messages,
            output_tokens_max=self.template.output_tokens_max,
            request_id="eval-prompts",
            schema=question.schema,
            tools=question.tools,
            must_answer=question.must_answer,
        )
        text, completion, refused = _read(self.model, request, sink=sink)
        self.tokens.append(
            outcomes.count_tokens(
                prompt=context.prompt_of(request.messages),
                output=text,
                reported=completion.usage,
                output_tokens_max=request.output_tokens_max,
            )
        )
        error = outcomes.judge_completion(completion, text=text, refused=refused, may_call_tools=bool(request.tools))
        if error is not None:
            raise error
        return Reply(text, completion)

    @contextmanager
    def step(self, kind: str, **detail: Any) -> Iterator[StepNote]:
        yield StepNote()


def _read(model_name: str, request: ProviderRequest, *, sink: Sink) -> tuple[str, Completion, bool]:
    ends_at = time.monotonic() + SECONDS_MAX
    text, refused, completion = "", False, Completion(finish_reason="")

    def guard() -> None:
        if time.monotonic() > ends_at:
            raise errors.TotalTimeoutError(f"no end after {SECONDS_MAX:g} s")

    model = catalogue.describe(model_name)
    endpoint = catalogue.find_endpoint(model)
    if endpoint is None:
        raise errors.ModelNotFoundError(f"the provider of {model_name} is not configured")
    permit = switches.permit(switches.Work(switches.Feature.TRIAL), model=model_name)
    request = replace(request, model=model.model or model.name)
    for event in providers.stream(endpoint, request, guard=guard, permit=permit):
        if isinstance(event, Completion):
            completion = event
        elif isinstance(event, Delta):
            text, refused = text + event.text, refused or event.refusal
            sink(event.text)
    return text, completion, refused


def _case(template: PromptTemplate, raw: Mapping[str, Any]) -> Case:
    unknown = raw.keys() - {"name", "inputs", "expect", "items_min"}
    if unknown:
        raise ValueError(f"a case knows nothing of {', '.join(sorted(unknown))}")
    inputs = {name: str(text) for name, text in raw["inputs"].items()}
    if inputs.keys() != {spec.name for spec in template.fields}:
        raise ValueError(f"{raw['name']!r} needs exactly the fields of the template")
    check = text_checks.parse(raw["expect"]) if "expect" in raw else TextCheck()
    return Case(template.slug, str(raw["name"]), inputs, check, dict(raw.get("items_min", {})))


def _problems(case: Case, text: str) -> list[str]:
    problems = case.check.problems(text)
    answer = json.loads(text) if case.items_min else {}
    for name, least in case.items_min.items():
        found = len(answer[name])
        if found < least:
            problems.append(f"{name}: {found} of at least {least}")
    return problems
