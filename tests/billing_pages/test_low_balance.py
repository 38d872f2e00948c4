"""One mail when credits run low, to each person who runs the workspace and wants it; another only after a recovery."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from apps.accounts.models import Membership, Workspace
from apps.billing import ledger, low_balance, tasks
from apps.billing.low_balance import notify_low_balances
from apps.billing.models import LedgerEntry
from tests.accounts.conftest import deliver_mails, new_email, new_user
from tests.billing_pages.purses import give, hold, spend, told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    cache.delete(low_balance.READ_UNTIL)
    yield
    cache.delete(low_balance.READ_UNTIL)


@pytest.fixture
def purse(workspace):
    """A workspace with 100 credits."""
    give(workspace, 100)
    return workspace


def team(*roles) -> tuple[Workspace, list]:
    workspace = Workspace.objects.create(name="Engines", kind=Workspace.Kind.TEAM)
    people = [new_user(new_email(f"{role}-{number}")) for number, role in enumerate(roles)]
    for person, role in zip(people, roles, strict=True):
        Membership.objects.create(workspace=workspace, user=person, role=role)
    give(workspace, 100)
    return workspace, people


def test_the_capture_that_goes_below_the_threshold_is_told(owner, purse):
    spend(purse, 50)
    notify_low_balances()
    assert told() == []

    spend(purse, 1)
    tasks.notify_low_balances(some_future_argument=1)

    [message] = deliver_mails()
    assert message.to == [owner.email]
    assert message.subject == f"49 credits left in {purse.name}"
    assert "/billing/" in message.body
    assert "/settings/notifications/" in message.alternatives[0].content


def test_it_is_told_once_however_often_is_looked_and_however_much_is_spent_then(owner, purse):
    for amount in (60, 10, 30):
        spend(purse, amount)
        notify_low_balances()
        notify_low_balances()

    assert told() == [owner.email]


def test_after_a_recovery_it_is_told_again(owner, purse):
    spend(purse, 60)
    notify_low_balances()
    give(purse, 10)
    notify_low_balances()

    spend(purse, 20)
    notify_low_balances()

    assert told() == [owner.email, owner.email]


def test_who_has_recovered_before_anybody_looked_hears_nothing(purse):
    spend(purse, 60)
    give(purse, 100)

    notify_low_balances()

    assert told() == []


def test_two_falls_between_two_looks_are_one_mail(owner, purse):
    spend(purse, 60)
    give(purse, 100)
    spend(purse, 100)

    notify_low_balances()

    assert told() == [owner.email]


def test_what_is_only_held_is_not_low(purse):
    hold(purse, 90)
    spend(purse, 5)

    notify_low_balances()

    assert told() == []


def test_credits_that_expire_are_told_too(owner, workspace):
    give(workspace, 100, expires_at=timezone.now() + timedelta(milliseconds=1))
    ledger.expire_grants(limit=10)

    notify_low_balances()

    assert LedgerEntry.objects.filter(kind="expiry").count() == 1
    assert told() == [owner.email]


def test_a_small_welcome_is_no_fall(workspace):
    give(workspace, 30)
    spend(workspace, 10)

    notify_low_balances()

    assert told() == []


def test_who_opted_out_or_is_gone_hears_nothing(owner, purse):
    spend(purse, 60)
    for field in ("wants_low_balance_mail", "is_active"):
        setattr(owner, field, False)
        owner.save()
        notify_low_balances()
        setattr(owner, field, True)

    assert told() == []


def test_all_who_run_a_team_are_told_and_nobody_else():
    workspace, (first, second, admin, _member) = team("owner", "owner", "admin", "member")
    second.wants_low_balance_mail = False
    second.save()

    spend(workspace, 60)
    notify_low_balances()

    assert told() == sorted([first.email, admin.email])


def test_zero_turns_it_off(purse, settings):
    settings.LOW_BALANCE_CREDITS = 0

    spend(purse, 100)

    assert (notify_low_balances(), told()) == (0, [])


def test_a_fall_during_a_standstill_is_found_when_it_is_over(owner, purse):
    now = timezone.now()
    notify_low_balances(now=now - timedelta(minutes=10))
    spend(purse, 60)

    for hours in range(1, 4):
        notify_low_balances(now=now + timedelta(hours=hours))

    assert told() == [owner.email]


def test_a_long_standstill_is_caught_up_in_strides(owner, purse):
    now = timezone.now()
    notify_low_balances(now=now - timedelta(hours=3))
    spend(purse, 60)

    counts = [notify_low_balances(now=now) for _ in range(4)]

    assert counts[0] == 0
    assert told() == [owner.email]


def test_a_failure_on_the_way_leaves_the_fall_to_be_found_again(owner, purse, monkeypatch):
    spend(purse, 60)
    monkeypatch.setattr(low_balance, "absolute_url", lambda name: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        notify_low_balances()
    monkeypatch.undo()

    notify_low_balances(now=timezone.now() + timedelta(minutes=30))

    assert told() == [owner.email]
