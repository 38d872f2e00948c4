"""Every figure of the cost pages, against slow and obvious sums over histories at random."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from apps.accounts.models import Membership
from apps.billing.models import LedgerEntry, Payment
from apps.billing.prove import prove
from apps.generation.models import Generation
from apps.insights import figures, rolling_up, selectors
from apps.insights.models import DailyCost, MonthRevenue, UserMonth, VersionCost, WorkspaceMonth
from apps.usage.models import UsageRecord
from tests.insights.histories import history

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
BEFORE = NOW - timedelta(days=70)
SHOWN = [column.name for column in figures.ALL]


def roll_up() -> None:
    """As the job does; ids are of the real time, whenever a history takes place."""
    assert rolling_up.roll_up(now=timezone.now())


def summed(lived) -> dict[tuple, Counter]:
    """Return the figures by ("workspace", id, month), ("user", ...), ("version", ...), ("model", ...) and ("all",)."""
    sums: dict[tuple, Counter] = {}
    for record in UsageRecord.objects.all():
        run = Generation.objects.get(pk=record.subject_id)
        month = record.created_at.astimezone(UTC).date().replace(day=1)
        captured = -sum(
            LedgerEntry.objects.filter(hold_id=run.hold_id, kind="capture").values_list("amount", flat=True)
        )
        has_failed = run.status in {"failed", "canceled"} and not captured
        found = {
            "records": 1,
            "tokens": record.input_tokens + record.output_tokens,
            "charged_credits": record.charged_credits,
            "cost_usd_micros": record.cost_usd_micros,
            "failed_cost_usd_micros": record.cost_usd_micros if has_failed else 0,
            "free_cost_usd_micros": record.cost_usd_micros * lived.free[run.pk] // captured if captured else 0,
            "margin_usd_micros": -record.cost_usd_micros,
        }
        for whose in (
            ("workspace", run.workspace_id, month),
            ("user", run.user_id, month),
            ("version", run.template_version_id, month),
            ("model", record.request_model, month),
            ("all", month),
        ):
            sums.setdefault(whose, Counter()).update(found)
    add_payments(sums)
    return sums


def add_payments(sums: dict[tuple, Counter]) -> None:
    for payment in Payment.objects.filter(currency="usd"):
        month = payment.paid_at.astimezone(UTC).date().replace(day=1)
        left = max(payment.amount - payment.amount_refunded - payment.amount_disputed, 0) * 10_000
        owners = Membership.objects.filter(workspace_id=payment.workspace_id, role="owner")
        whose = [("workspace", payment.workspace_id, month), ("all", month)]
        for one in [*whose, *(("user", owner.user_id, month) for owner in owners)]:
            sums.setdefault(one, Counter()).update({"revenue_usd_micros": left, "margin_usd_micros": left})


def shown() -> dict[tuple, dict[str, int]]:
    """Return what the pages show, in the oracle's names."""
    found = {}
    for row in WorkspaceMonth.objects.all():
        found["workspace", row.workspace_id, row.month] = {name: getattr(row, name) for name in SHOWN}
    for row in UserMonth.objects.all():
        found["user", row.user_id, row.month] = {name: getattr(row, name) for name in SHOWN}
    of_usage = {day.replace(day=1) for day in VersionCost.objects.values_list("day", flat=True)}
    for month in of_usage | set(MonthRevenue.objects.values_list("pk", flat=True)):
        found["all", month] = selectors.sum_month(month)
        for row in selectors.sum_by_version(month):
            found["version", row["version_id"], month] = sums_of(row)
        for row in selectors.sum_by_model(month):
            found["model", row["model"], month] = sums_of(row)
    return found


def sums_of(row) -> dict[str, int]:
    return {name: row.get(f"{name}_sum", 0) for name in SHOWN}


def differences(lived) -> list:
    """Return the figures that differ; those of nobody, and of nothing but zeros, are none."""
    wanted, found = summed(lived), shown()
    names = {"version": SHOWN[:4] + SHOWN[6:], "model": SHOWN[:4] + SHOWN[6:]}
    return [
        (whose, name, wanted.get(whose, Counter())[name], found.get(whose, {}).get(name, 0))
        for whose in wanted.keys() | found.keys()
        for name in names.get(whose[0], SHOWN)
        if wanted.get(whose, Counter())[name] != found.get(whose, {}).get(name, 0)
    ]


def rows_of(model) -> list:
    ordered = model.objects.order_by(*[field.name for field in model._meta.fields if field.name != "id"])
    return list(ordered.values_list(*[field.name for field in model._meta.fields if field.name != "id"]))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_figure_is_what_a_slow_sum_says(seed):
    lived = history(seed)
    lived.live(steps=60, start=BEFORE, end=NOW - timedelta(days=30))
    roll_up()
    lived.live(steps=30, start=NOW - timedelta(days=30), end=NOW)

    roll_up()

    assert prove() == []
    assert sum(lived.free.values()), "nobody has used what nobody bought"
    assert differences(lived) == []
    assert sum(DailyCost.objects.values_list("free_credits", flat=True)) == sum(lived.free.values())


def test_what_is_refunded_or_disputed_is_no_revenue_whenever_that_was():
    lived = history(5)
    owner = lived.members[0]
    with time_machine.travel(BEFORE):
        while not Payment.objects.filter(currency="usd", amount__gt=0).exists():
            lived.pay(owner)
    [paid] = Payment.objects.filter(currency="usd", amount__gt=0)
    revenue = []

    for refunded, disputed in [(0, 0), (100, 0), (100, paid.amount), (100, 300), (0, 0)]:
        Payment.objects.filter(pk=paid.pk).update(amount_refunded=refunded, amount_disputed=disputed)
        roll_up()
        assert differences(lived) == []
        revenue.append(WorkspaceMonth.objects.get(month=BEFORE.date().replace(day=1)).revenue_usd_micros // 10_000)

    assert revenue == [paid.amount, paid.amount - 100, 0, paid.amount - 400, paid.amount]


def test_whoever_rolls_up_often_and_whoever_starts_anew_gets_the_same():
    lived = history(4)
    for part in range(5):
        start = BEFORE + timedelta(days=14 * part)
        lived.live(steps=12, start=start, end=start + timedelta(days=14))
        roll_up()
        roll_up()
    often = {model: rows_of(model) for model in (DailyCost, WorkspaceMonth, UserMonth, VersionCost)}

    rolling_up.forget()
    roll_up()

    assert {model: rows_of(model) for model in often} == often
    assert differences(lived) == []
