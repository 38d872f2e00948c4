"""The usage page: what was used, in the workspace's own numbers and nobody else's, and links to what explains them."""

import csv
import re
from datetime import date, datetime, timedelta
from html import unescape
from random import Random

import pytest
import time_machine
from django.test import Client

from apps.accounts.models import ApiKey, Membership, User
from apps.accounts.services import ensure_personal_workspace
from apps.core.text import plain
from apps.generation.batch_csv import BYTE_ORDER_MARK
from apps.generation.model_names import model_label
from apps.usage.models import UsageRecord
from tests.factories import MembershipFactory
from tests.queries import asks_at_most
from tests.usage import histories, steps


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(steps.NOON):
        yield


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("someone@example.com", "password")


@pytest.fixture
def workspace_id(user: User, client: Client):
    client.force_login(user)
    return ensure_personal_workspace(user=user).pk


@pytest.fixture
def key(user: User, workspace_id) -> ApiKey:
    secret = {"prefix": "keel_1", "secret_hash": "1", "scopes": ["generations:read"], "idempotency_key": "1"}
    return ApiKey.objects.create(
        workspace_id=workspace_id, user=user, name="-2+3 robot", requests_per_minute=1, **secret
    )


def _days_ago(days: int) -> datetime:
    return steps.NOON - timedelta(days=days)


def _page(client: Client, query: str = "") -> str:
    response = client.get(f"/usage/{query}")
    assert response.status_code == 200
    return response.content.decode()


def _total(page: str) -> str:
    return re.search(r"Credits used .*?</dt><dd>([\d,]+)</dd>", page, re.DOTALL)[1]


def _table(page: str) -> list[list[str]]:
    """The cells of the table's body and foot, without the column of bars."""
    rows = re.findall(r"<tr>(.*?)</tr>", page.split("<tbody>")[1], re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    plain_cells = [[unescape(re.sub(r"<.*?>", "", cell, flags=re.DOTALL)).strip() for cell in row] for row in cells]
    return [[*row[:2], *row[3:]] for row in plain_cells]


def _csv(client: Client, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.getvalue().decode().removeprefix(BYTE_ORDER_MARK)
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize("by", ["day", "template", "model", "member", "key"])
def test_every_figure_of_the_table_is_the_oracles(client: Client, user: User, workspace_id, key, by: str) -> None:
    other = MembershipFactory(workspace_id=workspace_id, role="member").user
    lines = histories.live(Random(3), workspace_id, users=[user, other], keys=[None, key.pk])
    within = [line for line in lines if line.day >= date(2026, 4, 28)]
    names = {
        "day": lambda line: line.day.strftime("%B %-d, %Y"),
        "template": lambda line: {"summary": "Summary", "": "Without a template"}.get(line.template, line.template),
        "model": lambda line: model_label(line.model),
        "member": lambda line: User.objects.get(pk=line.user_id).display_name,
        "key": lambda line: "-2+3 robot" if line.api_key_id else "On the pages",
    }

    table = _table(_page(client, f"?period=7-days&by={by}"))

    sums = histories.add_up(within, by=names[by])
    total = histories.add_up(within)[None]
    assert {row[0]: _numbers(row) for row in table[:-1]} == {name: _shown(row) for name, row in sums.items()}
    assert _numbers(table[-1]) == _shown(total)


def _numbers(row: list[str]) -> list[int]:
    return [int(cell.replace(",", "")) for cell in row[1:7]]


def _shown(measures) -> list[int]:
    counts = measures._asdict()
    columns = ["charged_credits", "calls", "records", "input_tokens", "cached_input_tokens", "output_tokens"]
    return [counts[name] for name in columns]


def test_the_total_is_the_sum_of_the_charged_credits(client: Client, workspace_id) -> None:
    for days in (0, 0, 29):
        steps.record(workspace_id, charged=1500, at=_days_ago(days))
    steps.record(workspace_id, charged=7, at=_days_ago(30))
    steps.record(steps.new_workspace_id(), charged=7, at=_days_ago(0))

    assert _total(_page(client)) == "4,500"


def test_names_are_shown_as_they_are(client: Client, workspace_id) -> None:
    steps.record(workspace_id, steps.attempt(model="m-odd"), template="<b>odd</b>", at=_days_ago(0))

    assert "&lt;b&gt;odd&lt;/b&gt;" in _page(client, "?by=template")
    assert "M odd" in _page(client, "?by=model")


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", "2026-04-05", "2026-05-04"),
        ("?period=7-days", "2026-04-28", "2026-05-04"),
        ("?period=this-month", "2026-05-01", "2026-05-04"),
        ("?period=last-month", "2026-04-01", "2026-04-30"),
        ("?since=2025-01-01&until=2025-12-31", "2025-01-01", "2025-12-31"),
        ("?since=2026-05-02", "2026-05-02", "2026-05-04"),
        ("?until=2026-03-30", "2026-03-01", "2026-03-30"),
        ("?since=2001-01-01&until=2026-01-01", "2001-01-01", "2026-01-01"),
    ],
)
def test_the_days_are_chosen_by_the_address(client: Client, workspace_id, query: str, first: str, last: str) -> None:
    for at in (first, last):
        steps.record(workspace_id, charged=2, at=datetime.fromisoformat(f"{at}T12:00:00Z"))
    for at, days in ((first, -1), (last, 1)):
        steps.record(workspace_id, charged=5, at=datetime.fromisoformat(f"{at}T12:00:00Z") + timedelta(days=days))

    page = _page(client, query)

    assert _total(page) == "4"
    assert f'value="{first}"' in page
    assert f'value="{last}"' in page
    assert "could not be understood" not in page


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("since=2026-05-02&until=2026-05-01", "To"),
        ("since=0001-01-01", "From"),
        ("period=8-days", "Period"),
        ("by=password", "Grouped by"),
        ("sort=cost_usd_micros", "Order"),
        ("measure=cost", "Measure"),
    ],
)
def test_what_is_not_understood_is_named_and_left_out(client: Client, workspace_id, query: str, named: str) -> None:
    page = _page(client, f"?{query}")

    assert f"These choices could not be understood and are not applied: {named}." in page


def test_the_table_is_sorted_by_any_column_both_ways(client: Client, workspace_id) -> None:
    for model, charged, output in (("m-1", 5, 10), ("m-2", 9, 5), ("m-3", 1, 20)):
        steps.record(workspace_id, steps.attempt(model=model, output_tokens=output), charged=charged, at=_days_ago(0))

    def names(sort: str) -> list[str]:
        return [row[0] for row in _table(_page(client, f"?by=model&sort={sort}"))[:-1]]

    assert names("") == names("-charged_credits") == ["M 2", "M 1", "M 3"]
    assert names("output_tokens") == ["M 2", "M 1", "M 3"]
    assert names("-output_tokens") == ["M 3", "M 1", "M 2"]
    assert (names("name"), names("-name")) == (["M 1", "M 2", "M 3"], ["M 3", "M 2", "M 1"])


def test_a_workspace_without_usage_is_told_so(client: Client, workspace_id) -> None:
    page = _page(client)

    assert "Nothing was used in this period." in page
    assert "<table" not in page


def test_our_cost_is_not_shown(client: Client, workspace_id) -> None:
    steps.record(workspace_id, steps.attempt(input_tokens=0, output_tokens=123_457), at=_days_ago(0))

    assert UsageRecord.objects.get().cost_usd_micros == 74_075
    for address in ("/usage/", "/usage/export/", "/usage/forecast/"):
        answer = client.get(address).text
        assert "74,075" not in answer
        assert "74075" not in answer


def test_the_page_needs_no_inline_style(client: Client, workspace_id) -> None:
    steps.record(workspace_id, at=_days_ago(0))

    assert "style=" not in _page(client)


def test_a_visitor_is_asked_to_log_in(db: None, client: Client) -> None:
    response = client.get("/usage/")

    assert (response.status_code, response.headers["Location"]) == (302, "/accounts/login/?next=/usage/")


def test_the_page_only_reads(client: Client, workspace_id) -> None:
    assert client.post("/usage/").status_code == 405


@pytest.mark.parametrize("by", ["day", "template", "model", "member", "key"])
def test_the_number_of_queries_does_not_grow_with_usage(client: Client, user: User, workspace_id, by: str) -> None:
    for days in range(20):
        model = steps.attempt(model=f"m-{days}")
        steps.record(workspace_id, model, at=_days_ago(days), template=f"t-{days}", user_id=user.pk)
    _page(client)

    with asks_at_most(12):
        _page(client, f"?by={by}")


def test_a_member_sees_their_own_usage_and_nobody_elses(client: Client, user: User, workspace_id) -> None:
    other = MembershipFactory(workspace_id=workspace_id, role="member").user
    steps.record(workspace_id, charged=3, user_id=user.pk, at=_days_ago(0))
    steps.record(workspace_id, charged=40, user_id=other.pk, at=_days_ago(0))
    before = _total(_page(client))

    Membership.objects.filter(user=user).update(role="member")

    assert (before, _total(_page(client))) == ("43", "3")
    assert other.email not in _page(client, "?by=member")
    assert client.get("/usage/forecast/").status_code == 403


def test_the_report_comes_alone_when_htmx_asks_for_it(client: Client, workspace_id) -> None:
    steps.record(workspace_id, at=_days_ago(0))

    answer = client.get("/usage/?period=7-days", headers={"HX-Request": "true", "HX-Target": "usage-report"})

    assert answer.text.strip().startswith('<div id="usage-report"')
    assert "HX-Target" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("now", "sentence"),
    [(15, "50 % more"), (10, "0 % more"), (5, "50 % fewer"), (150, "More than ten times")],
)
def test_the_period_is_compared_with_the_one_before(client: Client, workspace_id, now: int, sentence: str) -> None:
    steps.record(workspace_id, charged=now, at=_days_ago(0))
    steps.record(workspace_id, charged=10, at=_days_ago(30))
    steps.record(workspace_id, charged=1000, at=_days_ago(60))

    assert f"{sentence} " in _page(client)


def test_the_csv_has_the_lines_of_the_page(client: Client, workspace_id) -> None:
    for model in ("m-1", "m-1", "m-2"):
        steps.record(workspace_id, steps.attempt(model=model), charged=5, at=_days_ago(1), template="=SUM(A1)")
    steps.record(steps.new_workspace_id(), at=_days_ago(0))

    by_model = _csv(client, "/usage/export/?period=7-days&by=model")
    by_template = _csv(client, "/usage/export/?period=7-days&by=template")

    assert [list(row.values()) for row in by_model] == [
        ["M 1", "m-1", "2", "2", "200", "0", "800", "10", "2400"],
        ["M 2", "m-2", "1", "1", "100", "0", "400", "5", "1200"],
    ]
    assert [row["template"] for row in by_template] == ["'=SUM(A1)"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_the_csv_is_a_formula(text: str) -> None:
    assert plain(text) == f"'{text}"
    assert plain("gpt-5=x") == "gpt-5=x"
