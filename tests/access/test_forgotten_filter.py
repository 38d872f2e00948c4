"""The second wall: with every filter by workspace taken out of the product, another tenant still learns nothing."""

from typing import Any

import pytest
from django.db.models import Q, QuerySet

from apps.accounts.models import Workspace
from apps.core import db
from apps.core.row_security import condition_of, workspace_column_of
from tests.access.askers import BY_NAME, STRANGER, Asker
from tests.access.asking import ask
from tests.access.rows import ROWS
from tests.access.rules import ABSENT, IN, Rule
from tests.access.test_matrix import is_public
from tests.access.world import World
from tests.guards import catalogue

# How a selector says whose rows it wants.
BY_WORKSPACE = {"workspace", "workspace_id", "workspace__pk", "account", "account_id", "account__pk"}
PEOPLE = [STRANGER, BY_NAME["ex-member"]]
ASKERS = [*PEOPLE, BY_NAME["key of another workspace"]]
SHORT = [
    f"SELECT md5(coalesce(string_agg(r::text, '|' ORDER BY r::text), '')) FROM {model._meta.db_table} r"
    f" WHERE {workspace_column_of(model)} = %s"
    for model in catalogue.ALL_MODELS
    if workspace_column_of(model)
]
# Other people's rows, met by a walk without either wall: lists, pages of one thing, and the API.
LEAKS_WITHOUT_WALLS_MIN = 10


@pytest.fixture
def _nobody_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every selector, service and manager of related rows forget its filter by workspace."""
    filter_or_exclude = QuerySet._filter_or_exclude

    def forget(self: Any, negate: bool, args: Any, kwargs: Any) -> Any:
        if condition_of(self.model):
            args = [without_workspace(one) if isinstance(one, Q) else one for one in args]
            kwargs = {name: value for name, value in kwargs.items() if name not in BY_WORKSPACE}
        return filter_or_exclude(self, negate, args, kwargs)

    monkeypatch.setattr(QuerySet, "_filter_or_exclude", forget)


def without_workspace(condition: Q) -> Q:
    """Return a condition that no longer says in which workspace."""
    kept = [
        without_workspace(child) if isinstance(child, Q) else child
        for child in condition.children
        if isinstance(child, Q) or not isinstance(child, tuple) or child[0] not in BY_WORKSPACE
    ]
    return condition.create(kept, connector=condition.connector, negated=condition.negated)


def walk(world: World, *, outcomes: set[str]) -> list[str]:
    """Ask where strangers should get one of these, with ids of the first team; return what they learn or do."""
    untouched, wrong = rows_of(world.team), []
    for route, ways in ROWS.items():
        for method, rule in ways.items():
            if is_public(rule) or rule.outcome(STRANGER) not in outcomes:
                continue
            for asker in ASKERS if rule.is_api else PEOPLE:
                if fault := fault_of(world, asker, route, method, rule, untouched):
                    wrong.append(f"{method} /{route} by {asker}: {fault}")
    return wrong


def fault_of(world: World, asker: Asker, route: str, method: str, rule: Rule, untouched: list[str]) -> str:
    """Return what somebody has learned or done, or how it broke; where a filter is missing, who is let in differs."""
    after = untouched

    def look_around() -> None:
        nonlocal after
        after = untouched if method == "GET" else rows_of(world.team)

    answer = ask(world, asker, route, method, rule, afterwards=look_around)
    if told := answer.marks - asker.sees:
        return f"is told {', '.join(sorted(told))}"
    return "changes something" if after != untouched else "breaks" if answer.status == 500 else ""


def rows_of(team: Workspace) -> list[str]:
    """Return what stands in each table about a workspace, in short."""
    return [digest for (digest,) in catalogue.rows(" UNION ALL ".join(SHORT), *[team.pk] * len(SHORT))]


@pytest.mark.usefixtures("_nobody_filters")
def test_selectors_that_forget_to_filter_leak_nothing(world):
    wrong = walk(world, outcomes={IN, ABSENT})

    assert not wrong, "\n".join(wrong)


@pytest.mark.usefixtures("_nobody_filters")
def test_it_is_the_wall_that_holds(world, monkeypatch):
    enter = db._enter
    monkeypatch.setattr(db, "_enter", lambda name: enter("system"))

    leaks = walk(world, outcomes={ABSENT})

    assert len(leaks) >= LEAKS_WITHOUT_WALLS_MIN, leaks
