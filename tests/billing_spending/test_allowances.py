"""The free plan's allowance: what was short of it when the month began, once, whoever counts and whenever."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from apps.billing import allowances, ledger
from apps.billing.models import LedgerEntry
from apps.billing.selectors import get_balance
from tests.billing_spending.customers import give, spend, subscribe

pytestmark = pytest.mark.django_db
NEXT_MONTH = timezone.now().replace(day=1) + timedelta(days=40)


@pytest.fixture(autouse=True)
def _from_the_beginning():
    cache.delete(allowances.READ_UNTIL)
    yield
    cache.delete(allowances.READ_UNTIL)


def allowances_of(workspace) -> list[int]:
    entries = LedgerEntry.objects.filter(account=workspace.pk, idempotency_key__startswith="allowance:")
    return list(entries.order_by("position").values_list("amount", flat=True))


def test_a_balance_is_filled_up_to_the_allowance_once_a_month(workspace):
    give(workspace.pk, 40)

    for days in (0, 0, 9):
        allowances.fill_up(now=NEXT_MONTH + timedelta(days=days))
    spend(workspace.pk, 70)
    for days in (31, 31):
        allowances.fill_up(now=NEXT_MONTH + timedelta(days=days))

    assert (allowances_of(workspace), get_balance(workspace.pk).balance) == ([60, 70], 100)


def test_who_has_more_gets_nothing(workspace):
    give(workspace.pk, 100)

    allowances.fill_up(now=NEXT_MONTH)

    assert allowances_of(workspace) == []


def test_who_came_in_this_month_has_had_the_welcome(workspace):
    give(workspace.pk, 5)

    allowances.fill_up(now=timezone.now())

    assert allowances_of(workspace) == []


def test_who_has_confirmed_nothing_gets_nothing(workspace):
    allowances.fill_up(now=NEXT_MONTH)

    assert LedgerEntry.objects.count() == 0


def test_what_is_used_in_the_month_is_not_given_again(workspace):
    give(workspace.pk, 30)
    allowances.fill_up(now=NEXT_MONTH)
    spend(workspace.pk, 100)

    allowances.fill_up(now=NEXT_MONTH + timedelta(days=3))

    assert get_balance(workspace.pk).balance == 0


@pytest.mark.parametrize(("status", "given"), [("active", []), ("trialing", []), ("canceled", [60]), ("unpaid", [60])])
def test_a_plan_that_is_served_brings_its_own_credits(workspace, status, given):
    give(workspace.pk, 40)
    subscribe(workspace, status=status)

    allowances.fill_up(now=NEXT_MONTH)

    assert allowances_of(workspace) == given


def test_a_debt_is_not_paid_by_the_allowance(workspace):
    give(workspace.pk, 10)
    ledger.adjust(
        workspace_id=workspace.pk, amount_credits=-50, idempotency_key="d", actor="t", note="t", allow_debt=True
    )

    allowances.fill_up(now=NEXT_MONTH)

    assert allowances_of(workspace) == []


def test_nobody_is_left_who_could_use_it(workspace, owner):
    give(workspace.pk, 10)
    owner.is_active = False
    owner.save()

    allowances.fill_up(now=NEXT_MONTH)

    assert allowances_of(workspace) == []


def test_slices_reach_everybody_and_begin_anew(workspace, owner):
    everybody = [workspace, *(owner.workspaces.create(name=str(number)) for number in range(4))]
    for each in everybody:
        give(each.pk, 1)

    more = [allowances.fill_up(now=NEXT_MONTH, slice_size=2) for _ in range(3)]

    assert more == [True, True, False]
    assert [allowances_of(each) for each in everybody] == [[99]] * 5


def test_the_month_is_utcs(workspace):
    give(workspace.pk, 1)
    last_moment = datetime(2031, 1, 31, 23, 59, 59, tzinfo=UTC)

    for second in (0, 1):
        allowances.fill_up(now=last_moment + timedelta(seconds=second))
        spend(workspace.pk, 100)

    keys = LedgerEntry.objects.filter(idempotency_key__startswith="allowance:").order_by("position")
    assert [entry.idempotency_key for entry in keys] == ["allowance:2031-01", "allowance:2031-02"]
