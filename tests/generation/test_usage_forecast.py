"""The forecast: recomputed from the same history by hand, at its edges too."""

import math
import re
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import time_machine
from django.test import Client

from apps.billing import ledger
from apps.billing.models import SpendingRules, Subscription
from apps.generation import usage_forecast
from tests.factories import FundedMembershipFactory
from tests.queries import asks_at_most
from tests.usage import steps

pytestmark = pytest.mark.usefixtures("db")

NOW = datetime(2026, 5, 10, 6, tzinfo=UTC)
MONTH_END = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def member():
    return FundedMembershipFactory(credits=500)


def _live(member, *, seed: int) -> list[tuple[datetime, int]]:
    random = Random(seed)
    charges = [(NOW - timedelta(hours=random.randrange(24 * 30)), random.randrange(100)) for _number in range(60)]
    for at, charged in charges:
        steps.record(member.workspace_id, charged=charged, at=at)
    return charges


@pytest.mark.parametrize("seed", range(3))
def test_the_pace_of_seven_full_days_is_kept_up_until_the_month_ends(member, seed: int) -> None:
    charges = _live(member, seed=seed)

    forecast = usage_forecast.make_forecast(member.workspace_id, at=NOW)

    lately = sum(charged for at, charged in charges if datetime(2026, 5, 3, tzinfo=UTC) <= at < NOW.replace(hour=0))
    used = sum(charged for at, charged in charges if at >= datetime(2026, 5, 1, tzinfo=UTC))
    assert (forecast.used, forecast.lately) == (used, lately)
    assert forecast.expected == used + math.ceil(lately / 7 * 21.75)
    assert forecast.lasts_days == math.floor(500 / (lately / 7))
    assert (forecast.ends_at, forecast.is_billing_period) == (MONTH_END, False)


def test_a_plan_has_its_own_period(member) -> None:
    charges, begins = _live(member, seed=8), datetime(2026, 4, 20, 9, tzinfo=UTC)
    Subscription.objects.create(
        workspace=member.workspace,
        stripe_id="sub_1",
        status="active",
        plan="pro",
        interval="month",
        started_at=begins,
        current_period_start=begins,
        current_period_end=begins + timedelta(days=30),
        fetch_ticket=1,
    )

    forecast = usage_forecast.make_forecast(member.workspace_id, at=NOW)

    assert forecast.is_billing_period
    assert forecast.used == sum(charged for at, charged in charges if at.date() >= begins.date())
    assert forecast.seconds_left == (begins + timedelta(days=30) - NOW).total_seconds()


def test_without_usage_nothing_is_expected_and_the_balance_lasts(member) -> None:
    forecast = usage_forecast.make_forecast(member.workspace_id, at=NOW)

    assert (forecast.expected, forecast.lasts_days, forecast.is_short) == (0, None, False)


def test_the_cap_counts_what_it_counts_when_it_refuses(member) -> None:
    workspace_id = member.workspace_id
    SpendingRules.objects.create(workspace_id=workspace_id, monthly_cap_credits=100)
    for number, amount in enumerate((30, 20)):
        hold = {"amount_credits": amount, "idempotency_key": f"hold-{number}", "ttl_seconds": 60}
        placed = ledger.place_hold(workspace_id=workspace_id, **hold)
    ledger.capture(hold_id=placed.id, amount_credits=15, idempotency_key="capture")
    steps.record(workspace_id, charged=14, at=NOW - timedelta(days=1))

    with time_machine.travel(datetime.now(UTC) + timedelta(0)), asks_at_most(7):
        forecast = usage_forecast.make_forecast(workspace_id, at=NOW)

    assert forecast.cap == 100
    assert forecast.expected_of_cap == forecast.capped + math.ceil(2 * 21.75)


def test_the_page_says_how_it_counts_and_leads_to_the_cap(member) -> None:
    client = Client()
    client.force_login(member.user)
    steps.record(member.workspace_id, charged=70, at=NOW - timedelta(days=1))

    page = client.get("/usage/forecast/").content.decode()

    shown = re.findall(r"<dd>([^<]+)</dd>", page)
    assert shown[:6] == ["70", "288", "at 10 credits a day", "500", "last 50 days at this pace", "No cap"]
    assert "The mean of the last 7 full days" in page
    assert 'href="/billing/spending/"' in page
