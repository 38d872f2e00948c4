"""Random histories of one workspace, and a slow, obvious oracle that knows them from how they were made alone."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from apps.accounts.models import User
from apps.core.ids import uuid7
from apps.usage.breakdown import Grouping, Measures
from tests.usage import steps

MODELS, TEMPLATES = ["m-1", "m-2", "m-3"], ["summary", "reply", "=SUM(A1)", ""]


class Attempted(NamedTuple):
    """One attempt of a history, as it was made up."""

    at: datetime
    subject_id: UUID
    user_id: int
    api_key_id: UUID | None
    template: str
    model: str
    is_last: bool
    input_tokens: int
    cached: int
    output_tokens: int
    charged: int
    duration_ms: int | None

    @property
    def day(self) -> date:
        return self.at.astimezone(UTC).date()


def live(random: Random, workspace_id: UUID, *, users: list[User], keys: list[UUID | None]) -> list[Attempted]:
    """Record a history of some days before steps.NOON; return every attempt of it."""
    return [line for _number in range(30) for line in _live_once(random, workspace_id, users=users, keys=keys)]


def add_up(lines: Iterable[Attempted], *, by: Callable[[Attempted], Any] = lambda line: None) -> dict[Any, Measures]:
    """Return the measures of each group, one line after the other."""
    sums: dict[Any, list[int]] = {}
    for line in lines:
        sum_ = sums.setdefault(by(line), [0] * len(Measures._fields))
        sum_[0] += 1 if line.is_last else 0
        sum_[1] += 1
        sum_[2] += line.input_tokens
        sum_[3] += line.cached
        sum_[4] += line.output_tokens
        sum_[5] += line.charged
        sum_[6] += line.duration_ms or 0
    return {group: Measures(*sum_) for group, sum_ in sums.items()}


GROUP_OF: dict[Grouping, Callable[[Attempted], Any]] = {
    Grouping.DAY: lambda line: line.day,
    Grouping.TEMPLATE: lambda line: line.template,
    Grouping.MODEL: lambda line: line.model,
    Grouping.MEMBER: lambda line: line.user_id,
    Grouping.KEY: lambda line: line.api_key_id,
}


def _live_once(random: Random, workspace_id: UUID, *, users: list[User], keys: list[UUID | None]) -> list[Attempted]:
    at, subject_id = steps.NOON - timedelta(minutes=random.randrange(60 * 24 * 12)), uuid7()
    charged, count = random.choice([0, random.randrange(10**6)]), random.randint(1, 3)
    user, key, template = random.choice(users), random.choice(keys), random.choice(TEMPLATES)
    lines = []
    for number in range(1, count + 1):
        input_tokens, is_last = random.randrange(10**5), number == count
        cached, output = random.randrange(input_tokens + 1), random.randrange(10**6)
        credits, milliseconds = charged if is_last else 0, random.choice([None, random.randrange(10**5)])
        model = random.choice(MODELS)
        line = (model, is_last, input_tokens, cached, output, credits, milliseconds)
        lines.append(Attempted(at, subject_id, user.pk, key, template, *line))
    attempts = [
        steps.attempt(
            model=line.model,
            input_tokens=line.input_tokens,
            output_tokens=line.output_tokens,
            cached=line.cached,
            duration_ms=line.duration_ms,
        )
        for line in lines
    ]
    named = {"user_id": user.pk, "subject_id": subject_id, "api_key_id": key, "template": template}
    steps.record(workspace_id, *attempts, charged=charged, at=at, **named)
    return lines
