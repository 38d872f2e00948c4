"""The usage page: what was used, in the workspace's own numbers, and nobody else's."""

import re
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from apps.accounts.models import User
from apps.accounts.services import ensure_personal_workspace
from apps.core.text import plain
from apps.usage.charts import draw_chart, round_step
from apps.usage.models import UsageRecord
from tests.queries import asks_at_most
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
    return re.search(r"Credits used .*?</dt><dd>([\d,]+)</dd>", page, re.DOTALL)[1]


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
    assert page.count('<g class="chart-day">') == days
    assert re.search(rf'href="\?days={days}"[^>]*aria-current="page"', page)


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


def test_the_number_of_queries_does_not_grow_with_usage(client: Client, workspace_id) -> None:
    for days in range(20):
        steps.record(workspace_id, steps.attempt(model=f"m-{days}"), at=_days_ago(days))

    with asks_at_most(14):
        _page(client)


def test_days_without_usage_have_a_place_and_no_bar() -> None:
    chart = draw_chart({DAY: 1, DAY + timedelta(days=2): 1000}, first_day=DAY, day_count=3)

    assert [(bar.value, bar.height) for bar in chart.bars] == [(1, "1.000%"), (0, "0.000%"), (1000, "50.000%")]
    assert [line.value for line in chart.lines] == [0, 500, 1000, 1500, 2000]


@pytest.mark.parametrize(
    ("highest", "step"), [(0, 1), (4, 1), (5, 2), (9, 5), (20, 5), (21, 10), (401, 200), (10**12, 5 * 10**11)]
)
def test_lines_stand_at_round_values(highest: int, step: int) -> None:
    assert round_step(highest) == step


@pytest.mark.parametrize("day_count", [1, 7, 30, 90])
def test_a_few_days_are_named_the_newest_among_them(day_count: int) -> None:
    labels = draw_chart({}, first_day=DAY, day_count=day_count).labels

    assert labels[-1].value == DAY + timedelta(days=day_count - 1)
    assert len(labels) <= 6


def test_the_report_comes_alone_when_htmx_asks_for_it(client: Client, workspace_id) -> None:
    steps.record(workspace_id, at=_days_ago(0))

    answer = client.get("/usage/?days=7", headers={"HX-Request": "true", "HX-Target": "usage-report"})

    assert answer.text.strip().startswith('<div id="usage-report"')
    assert "HX-Target" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("now", "sentence"),
    [(15, "50 % more"), (10, "0 % more"), (5, "50 % less"), (150, "More than ten times as much")],
)
def test_the_period_is_compared_with_the_one_before(client: Client, workspace_id, now: int, sentence: str) -> None:
    steps.record(workspace_id, charged=now, at=_days_ago(0))
    steps.record(workspace_id, charged=10, at=_days_ago(30))
    steps.record(workspace_id, charged=1000, at=_days_ago(60))

    assert f"{sentence} " in _page(client)


def test_the_csv_has_a_line_for_each_day_model_and_template(client: Client, workspace_id) -> None:
    for model in ("m-1", "m-1", "m-2"):
        steps.record(workspace_id, steps.attempt(model=model), charged=5, at=_days_ago(1))
    steps.record(workspace_id, at=_days_ago(7))
    steps.record(steps.new_workspace_id(), at=_days_ago(0))

    answer = client.get("/usage/export/?days=7")

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="usage-2026-04-28-2026-05-04.csv"'
    assert answer.text.splitlines()[1:] == [
        "2026-05-03,m-1,summary,2,200,0,800,10",
        "2026-05-03,m-2,summary,1,100,0,400,5",
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_the_csv_is_a_formula(text: str) -> None:
    assert plain(text) == f"'{text}"
    assert plain("gpt-5=x") == "gpt-5=x"
