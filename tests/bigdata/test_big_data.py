"""What is asked often costs as much with many customers as with few, and reads no table of volume from end to end."""

from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client

from apps.accounts import consent
from apps.accounts.models import User
from apps.billing.prove import prove
from apps.generation.models import Generation
from apps.insights import reconciling, selectors
from tests.bigdata.hot_queries import HOT, USAGE_AND_COSTS, Ask, World
from tests.bigdata.plans import Plan, plans_of
from tests.conftest import empty_database

RATIO_MAX = 1.3
# A table with fewer rows than this is read in one go by any sensible planner.
VOLUME_ROWS = 2_000
FEW = {"users": 1_000, "records": 10_000}
NORMAL = {"users": 4_000, "records": 40_000}
LONG = {"users": 99_000, "records": 990_000}
# What reads a table from end to end, and why it may.
MAY_SCAN = {
    "list of usage.dailyusage": "its months to choose from are those of all rows",
    "totals": "the first day to recompute is computed in the statement, so its plan is for any day",
}


class Measured(NamedTuple):
    """The plans of everything that is hot, with few customers and with many, and the tables of volume by then."""

    few: dict[str, list[Plan]]
    many: dict[str, list[Plan]]
    volume: frozenset[str]


@pytest.fixture(
    scope="module", params=[pytest.param(NORMAL, id="50000"), pytest.param(LONG, id="1000000", marks=pytest.mark.long)]
)
def measured(request, django_db_setup, django_db_blocker):
    """Customers by the thousand, measured twice: what is asked stays the same, the others become more."""
    with django_db_blocker.unblock():
        empty_database()
        cache.clear()
        try:
            set_on_all_tables("SET (autovacuum_enabled = false)")
            call_command("seed_history", **FEW, verbosity=0)
            world = make_world()
            few = measure(world, USAGE_AND_COSTS)
            call_command("seed_history", **request.param, verbosity=0)
            yield Measured(few, measure(world, HOT), tables_of_volume())
        finally:
            truncate()
            empty_database()
            set_on_all_tables("RESET (autovacuum_enabled)")


def measure(world: World, asks: dict[str, Ask]) -> dict[str, list[Plan]]:
    for ask in USAGE_AND_COSTS.values():  # what is read once and then remembered is no difference
        ask(world)
    return {name: plans_of(lambda ask=ask: ask(world)) for name, ask in asks.items()}


def make_world() -> World:
    """The customer with the most runs, and staff."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT user_id FROM usage_usagerecord GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
        [(user_id,)] = cursor.fetchall()
    user = User.objects.get(pk=user_id)
    consent.give(user=user)
    newest = Generation.objects.filter(user=user, status="succeeded").latest("created_at")
    root = User.objects.create_superuser("root@example.com", "x")
    return World(
        customer=browser_of(user),
        staff=browser_of(root),
        workspace_id=newest.workspace_id,
        user_id=user.pk,
        email=user.email,
        generation_id=newest.pk,
        conversation_id=newest.conversation_id,
    )


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def tables_of_volume() -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > %s", [VOLUME_ROWS])
        return frozenset(name for (name,) in cursor.fetchall())


def set_on_all_tables(setting: str) -> None:
    """The housekeeping's own snapshot would keep rows alive that the command's VACUUM is to take away."""
    with connections["owner"].cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f"ALTER TABLE {model._meta.db_table} {setting}")


def truncate() -> None:
    tables = [model._meta.db_table for model in apps.get_models() if model._meta.app_label in {"generation", "usage"}]
    tables += [model._meta.db_table for model in apps.get_models() if model._meta.app_label in {"insights", "billing"}]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)}, accounts_user CASCADE")


@pytest.mark.timeout(3_600)
def test_what_was_made_up_is_consistent(measured):
    assert prove() == []
    assert [reconciling.compare(month) for month in selectors.list_months(today())[:3]] == [[], [], []]


@pytest.mark.timeout(3_600)
def test_usage_and_costs_touch_as_many_buffers_with_many_customers_as_with_few(measured):
    touched = {name: (buffers(measured.few[name]), buffers(measured.many[name])) for name in USAGE_AND_COSTS}

    assert all(few for few, _many in touched.values())
    assert {name: pair for name, pair in touched.items() if pair[1] > RATIO_MAX * pair[0]} == {}


@pytest.mark.timeout(3_600)
def test_nothing_that_is_asked_often_reads_a_table_of_volume_from_end_to_end(measured):
    assert {"usage_usagerecord", "generation_generation", "billing_ledgerentry"} <= measured.volume
    scans = {
        f"{name}: {', '.join(plan.scanned & measured.volume)}": plan.sql[:1000]
        for name, plans in measured.many.items()
        for plan in plans
        if plan.scanned & measured.volume and name not in MAY_SCAN
    }

    assert "\n\n".join(f"{name}\n  {sql}" for name, sql in scans.items()) == ""


def buffers(plans: list[Plan]) -> int:
    return sum(plan.buffers for plan in plans)


def today() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT (now() AT TIME ZONE 'UTC')::date")
        [(day,)] = cursor.fetchall()
    return day
