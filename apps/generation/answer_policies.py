"""What a prompt template says about the answer besides its text: a form, a check, tools, a workflow, a cache."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from apps.generation import output_schema, text_checks, workflow
from apps.generation.output_schema import Schema, Verdict
from apps.generation.text_checks import TextCheck
from apps.generation.tools import TOOLS
from apps.generation.workflow import Workflow

# So often a model may call tools and read what came of it, before it has to answer.
TOOL_ROUNDS_MAX = 3
TOOL_CALLS_PER_ROUND_MAX = 4
DAYS_MAX = 365


@dataclass(frozen=True)
class CachePolicy:
    """How long an answer may be given again to the same inputs, to whom, and for how much of its price."""

    scope: Literal["workspace", "public"]
    days: int
    percent: int


@dataclass(frozen=True)
class Policy:
    """The rules of one template version; without any its answer is one call, streamed as it comes."""

    schema: Schema | None = None
    check: TextCheck | None = None
    tools: tuple[str, ...] = ()
    workflow: Workflow = ()
    cache: CachePolicy | None = None

    @property
    def is_judged(self) -> bool:
        """Whether an answer can be turned down; it is then shown once it was accepted."""
        return self.schema is not None or self.check is not None

    @property
    def rounds_max(self) -> int:
        """The most answers that are asked for in one run."""
        if self.workflow:
            return len(self.workflow)
        if self.tools:
            return TOOL_ROUNDS_MAX + 1
        return 2 if self.is_judged else 1

    @property
    def stages(self) -> list[str]:
        """The stages that a reader may see between waiting and the end, in their order."""
        if self.workflow:
            return [step.state.value for step in self.workflow]
        if self.tools:
            return ["thinking", "tool", "writing"]
        return ["thinking", "writing", *(["second_try"] if self.is_judged else [])]

    def judge(self, text: str) -> Verdict:
        """Return an answer as it is shown, or what is wrong with it."""
        if self.schema is not None:
            return output_schema.judge(self.schema, text)
        problems = self.check.problems(text) if self.check else []
        return Verdict(text, tuple(problems))


def parse(content: Mapping[str, Any]) -> Policy:
    """Read what a template's file, or a stored version, says. Raises ValueError with what is wrong with it."""
    kinds = [name for name in ("output", "check", "tools", "workflow") if name in content]
    if len(kinds) > 1:
        raise ValueError(f"{' and '.join(kinds)} cannot be combined")
    return Policy(
        schema=_schema(content["output"]) if "output" in content else None,
        check=text_checks.parse(content["check"]) if "check" in content else None,
        tools=_tools(content["tools"]) if "tools" in content else (),
        workflow=workflow.parse(content["workflow"]) if "workflow" in content else (),
        cache=_cache(content["cache"]) if "cache" in content else None,
    )


def _schema(raw: Any) -> Schema:
    if not isinstance(raw, Mapping) or raw.keys() != {"schema"}:
        raise ValueError("output: needs exactly a schema")
    output_schema.check(raw["schema"])
    schema: Schema = raw["schema"]
    return schema


def _tools(raw: Any) -> tuple[str, ...]:
    names = tuple(raw) if isinstance(raw, list) else ()
    unknown = [name for name in names if name not in TOOLS]
    if unknown or not names:
        raise ValueError(f"tools: {unknown or 'none'} of {', '.join(TOOLS)}")
    return names


def _cache(raw: Any) -> CachePolicy:
    if not isinstance(raw, Mapping) or raw.keys() != {"scope", "days", "percent"}:
        raise ValueError("cache: needs exactly scope, days, percent")
    scope, days, percent = raw["scope"], raw["days"], raw["percent"]
    if scope not in {"workspace", "public"}:
        raise ValueError("cache: scope is workspace or public")
    if type(days) is not int or not 1 <= days <= DAYS_MAX or type(percent) is not int or not 1 <= percent <= 100:
        raise ValueError(f"cache: days is 1 to {DAYS_MAX}, percent 1 to 100")
    return CachePolicy(scope, days, percent)
