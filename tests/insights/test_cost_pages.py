"""The cost pages: sorted, searched and paged by their addresses, for staff who may see money."""

import re
from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse
from django.utils import timezone

from apps.insights import figures, selectors
from apps.insights.models import CostProgress, MonthRevenue, UserMonth, VersionCost, WorkspaceMonth
from apps.insights.templatetags.costs import usd
from tests.factories import MembershipFactory
from tests.insights.conftest import staff_who_may_view
from tests.queries import asked

pytestmark = pytest.mark.django_db
WORKSPACES, USERS, OVERVIEW = "/insights/workspaces/", "/insights/users/", "/insights/"
QUERIES_MAX = 12


def this_month() -> date:
    return timezone.now().astimezone(UTC).date().replace(day=1)


def customer(*, email: str, month: date | None = None, **costs):
    """A customer with these figures in this month, as a workspace and as a person."""
    membership = MembershipFactory(user__email=email, workspace__name=f"Workspace of {email}")
    WorkspaceMonth.objects.create(workspace=membership.workspace, month=month or this_month(), **costs)
    UserMonth.objects.create(user=membership.user, month=month or this_month(), **costs)
    return membership


def names(page) -> list[str]:
    """The people on a page, in its order."""
    return list(dict.fromkeys(re.findall(r"([a-z0-9]+)@costs\.example", page.text)))


@pytest.fixture
def three():
    customer(email="ada@costs.example", cost_usd_micros=3_000_000, revenue_usd_micros=1_000_000, input_tokens=5)
    customer(email="ben@costs.example", cost_usd_micros=2_000_000, revenue_usd_micros=9_000_000, output_tokens=7)
    customer(email="cleo@costs.example", cost_usd_micros=1_000_000, failed_cost_usd_micros=500_000)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("path", [WORKSPACES, USERS])
@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", ["ada", "ben", "cleo"]),
        ("sort=nonsense&after=nonsense&month=1999-13", ["ada", "ben", "cleo"]),
        ("sort=cost_usd_micros", ["cleo", "ben", "ada"]),
        ("sort=-margin_usd_micros", ["ben", "cleo", "ada"]),
        ("sort=-revenue_usd_micros", ["ben", "ada", "cleo"]),
        ("sort=-tokens", ["ben", "ada", "cleo"]),
        ("sort=-failed_cost_usd_micros&q=c", ["cleo"]),
        ("q=BEN@costs", ["ben"]),
        ("q=en@costs", []),
        ("q=%00%25", []),
    ],
)
def test_a_table_is_sorted_and_searched_by_its_address(root, path, query, order):
    assert names(root.get(f"{path}?{query}")) == order


@pytest.mark.usefixtures("three")
def test_a_workspace_and_a_person_are_found_by_their_id_and_lead_to_the_admin(root):
    one = WorkspaceMonth.objects.select_related("workspace").first()
    person = UserMonth.objects.first()

    of_workspace, of_person = root.get(f"{WORKSPACES}?q={one.workspace_id}"), root.get(f"{USERS}?q={person.user_id}")

    assert len(names(of_workspace)) == len(names(of_person)) == 1
    assert reverse("admin:accounts_workspace_change", args=[one.workspace_id]) in of_workspace.text
    assert reverse("admin:accounts_user_change", args=[person.user_id]) in of_person.text


@pytest.mark.parametrize("sort", [f"{sign}{column.name}" for column in figures.OF_CUSTOMERS for sign in ("", "-")])
def test_pages_follow_each_other_without_a_gap_also_among_equals(root, monkeypatch, sort):
    monkeypatch.setattr(selectors, "PAGE_SIZE", 2)
    for number in range(5):
        customer(email=f"p{number}@costs.example", cost_usd_micros=number // 2, revenue_usd_micros=number % 2)

    seen, query = [], f"?sort={sort}"
    while query:
        page = root.get(f"{WORKSPACES}{query}")
        seen += names(page)
        query = page.context["next_url"]

    assert sorted(seen) == [f"p{number}" for number in range(5)]


def test_a_month_shows_its_own_customers(root):
    last = selectors.list_months(this_month())[1]
    customer(email="past@costs.example", month=last, cost_usd_micros=1)

    assert names(root.get(WORKSPACES)) == []
    assert names(root.get(f"{WORKSPACES}?month={last:%Y-%m}")) == ["past"]
    assert "Nobody has cost or brought anything" in root.get(WORKSPACES).text


@pytest.mark.usefixtures("three")
def test_the_overview_shows_the_month_and_says_what_each_figure_means(root):
    VersionCost.objects.create(day=this_month(), model="gpt-4o", cost_usd_micros=12_345_678, records=3)
    MonthRevenue.objects.create(month=this_month(), revenue_usd_micros=2_000_000)
    CostProgress.objects.create(read_until=datetime(2026, 11, 22, 12, 5, tzinfo=UTC))

    page = root.get(OVERVIEW).text

    assert "$12.35" in page
    assert "-$10.35" in page
    assert "As of 12:05 UTC" in page
    assert all(f"<dt>{figure.label}</dt>" in page for figure in figures.ALL)
    assert page.count("style=") == 0


@pytest.mark.usefixtures("three")
def test_pages_ask_few_questions_however_many_rows_there_are(root):
    for path in (OVERVIEW, WORKSPACES, f"{WORKSPACES}?q=a", USERS, f"{USERS}?q=a"):
        with asked() as found:
            root.get(path)
        assert len(found) <= QUERIES_MAX, "\n".join(found)


def test_only_staff_who_may_see_money_see_costs():
    assert staff_who_may_view("workspacemonth").get(WORKSPACES).status_code == 200
    assert staff_who_may_view("workspace", "user").get(WORKSPACES).status_code == 403


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "$0"), (12_400_000, "$12.40"), (-310_000, "-$0.31"), (4_200, "$0.0042"), (10**13, "$10,000,000.00")],
)
def test_money_is_shown_as_people_read_it(micros, text):
    assert usd(micros) == text


def test_reconciling_says_which_workspace_differs():
    membership = customer(email="odd@costs.example", cost_usd_micros=7)

    with pytest.raises(CommandError, match="1 workspaces differ"):
        call_command("reconcile_costs")

    WorkspaceMonth.objects.filter(workspace=membership.workspace).update(cost_usd_micros=0)
    call_command("reconcile_costs")
