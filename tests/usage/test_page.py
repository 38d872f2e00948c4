"""The usage page: what was used, in the workspace's own numbers, and nobody else's."""

import re
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from apps.accounts.models import User
from apps.accounts.services import ensure_personal_workspace
from apps.usage.models import UsageRecord
from apps.usage.selectors import UsageTotals
from apps.usage.views import draw_bars
from tests.usage import steps

DAY = date(2026, 5, 1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(steps.NOON):
        yield


@pytest.fixture
def workspace_id(db: None, client: Client):
    user = User.objects.create_user("someone@example.com", "password")
    client.force_login(user)
    return ensure_personal_workspace(user=user).pk


def _days_ago(days: int) -> datetime:
    return steps.NOON - timedelta(days=days)


def _page(client: Client, query: str = "") -> str:
    response = client.get(f"/usage/{query}")
    assert response.status_code == 200
    return response.content.decode()


def _total(page: str) -> str:
    return re.search(r'<strong class="tabular-nums">([\d,]+)</strong>\s*<span>credits used', page)[1]


def test_the_total_is_the_sum_of_the_charged_credits(client: Client, workspace_id) -> None:
    for days in (0, 0, 29):
        steps.record(workspace_id, charged=1500, at=_days_ago(days))
    steps.record(workspace_id, charged=7, at=_days_ago(30))
    steps.record(steps.new_workspace_id(), charged=7, at=_days_ago(0))

    page = _page(client)

    assert _total(page) == "4,500"
    assert page.count("4,500</td>") == 3 + 2  # the total of three tables, the one model and the one template


def test_models_and_templates_are_named(client: Client, workspace_id) -> None:
    steps.record(workspace_id, steps.attempt(model="m-odd"), template="<b>odd</b>", at=_days_ago(0))

    page = _page(client)

    assert "m-odd</th>" in page
    assert "&lt;b&gt;odd&lt;/b&gt;</th>" in page


@pytest.mark.parametrize(
    ("query", "days"), [("", 30), ("?days=7", 7), ("?days=90", 90), ("?days=8", 30), ("?days=x", 30), ("?days=-7", 30)]
)
def test_the_period_is_chosen_from_three(client: Client, workspace_id, query: str, days: int) -> None:
    steps.record(workspace_id, charged=2, at=_days_ago(days - 1))
    steps.record(workspace_id, charged=5, at=_days_ago(days))

    page = _page(client, query)

    assert _total(page) == "2"
    assert page.count("<title>") == days + 1
    assert f'<a href="?days={days}" aria-current="page">' in page


def test_a_workspace_without_usage_is_told_so(client: Client, workspace_id) -> None:
    page = _page(client)

    assert "Nothing was used in this period." in page
    assert "<table" not in page


def test_our_cost_is_not_shown(client: Client, workspace_id) -> None:
    steps.record(workspace_id, steps.attempt(input_tokens=0, output_tokens=123_457), at=_days_ago(0))

    cost = UsageRecord.objects.get().cost_usd_micros

    assert cost == 74_075
    assert "74,075" not in _page(client)


def test_the_page_needs_no_inline_style(client: Client, workspace_id) -> None:
    steps.record(workspace_id, at=_days_ago(0))

    assert "style=" not in _page(client)


def test_a_visitor_is_asked_to_log_in(db: None, client: Client) -> None:
    response = client.get("/usage/")

    assert (response.status_code, response.headers["Location"]) == (302, "/accounts/login/?next=/usage/")


def test_the_page_only_reads(client: Client, workspace_id) -> None:
    assert client.post("/usage/").status_code == 405


def test_the_number_of_queries_does_not_grow_with_usage(
    client: Client, workspace_id, django_assert_max_num_queries
) -> None:
    for days in range(20):
        steps.record(workspace_id, steps.attempt(model=f"m-{days}"), at=_days_ago(days))

    with django_assert_max_num_queries(14):
        _page(client)


def test_the_highest_day_fills_the_chart_and_the_lowest_can_be_seen() -> None:
    days = [UsageTotals(DAY, 1, 0, 0, 0, 1, 0), UsageTotals(DAY + timedelta(days=2), 1, 0, 0, 0, 1000, 0)]

    bars = draw_bars(days, first_day=DAY, day_count=3)

    assert [(bar.x, bar.y, bar.height) for bar in bars] == [(0, 99, 1), (10, 100, 0), (20, 0, 100)]


def test_days_that_cost_nothing_have_no_bar() -> None:
    bars = draw_bars([UsageTotals(DAY, 1, 5, 0, 5, 0, 0)], first_day=DAY, day_count=1)

    assert [bar.height for bar in bars] == [0]
