"""The soonest to expire is spent first, and expires only as far as no open hold needs it."""

from uuid import UUID

import pytest

from apps.billing import ledger
from tests.billing import steps


def test_the_soonest_to_expire_is_spent_first(workspace_id: UUID) -> None:
    steps.give(workspace_id, 10)
    steps.give(workspace_id, 20, hours=9)
    steps.give(workspace_id, 30, hours=3)

    steps.capture(steps.hold(workspace_id, 25), 25)

    assert steps.remaining(workspace_id) == [5, 20, 10]


def test_of_grants_that_never_expire_the_oldest_is_spent_first(workspace_id: UUID) -> None:
    steps.give(workspace_id, 10)
    steps.give(workspace_id, 20)

    steps.capture(steps.hold(workspace_id, 4), 4)

    assert steps.remaining(workspace_id) == [6, 20]


def test_what_is_left_of_a_grant_expires(workspace_id: UUID) -> None:
    steps.give(workspace_id, 10, hours=1)
    steps.give(workspace_id, 5)
    steps.capture(steps.hold(workspace_id, 3), 3)
    steps.let_time_pass(steps.HOUR)

    counts = [ledger.expire_grants(limit=10), ledger.expire_grants(limit=10)]

    assert counts == [1, 0]
    assert steps.kinds(workspace_id)[-1] == ("expiry", -7)
    assert steps.balances(workspace_id) == (5, 0, 0)


def test_a_grant_stays_until_it_expires(workspace_id: UUID) -> None:
    steps.give(workspace_id, 10, hours=1)
    steps.let_time_pass(steps.HOUR - 60)

    count = ledger.expire_grants(limit=10)

    assert count == 0


def test_an_open_hold_keeps_what_it_needs_of_an_expiring_grant(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100, hours=1)
    placed = steps.hold(workspace_id, 60, ttl=9 * steps.HOUR)
    steps.let_time_pass(steps.HOUR)

    ledger.expire_grants(limit=10)

    assert steps.balances(workspace_id) == (60, 60, 0)
    assert steps.capture(placed, 50).available == 10


def test_what_a_hold_gives_back_of_an_expired_grant_expires_then(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100, hours=1)
    placed = steps.hold(workspace_id, 60, ttl=9 * steps.HOUR)
    steps.let_time_pass(steps.HOUR)
    ledger.expire_grants(limit=10)
    steps.capture(placed, 50)

    ledger.expire_grants(limit=10)

    assert steps.kinds(workspace_id) == [("grant", 100), ("expiry", -40), ("capture", -50), ("expiry", -10)]


def test_a_hold_needs_the_grants_that_stood_first_when_it_was_placed(workspace_id: UUID) -> None:
    steps.give(workspace_id, 50, hours=1)
    steps.give(workspace_id, 100)
    placed = steps.hold(workspace_id, 60, ttl=9 * steps.HOUR)
    steps.let_time_pass(steps.HOUR)

    ledger.expire_grants(limit=10)
    steps.capture(placed, 60)

    assert steps.remaining(workspace_id) == [90]


def test_a_hold_placed_later_does_not_keep_an_expired_grant(workspace_id: UUID) -> None:
    steps.give(workspace_id, 50, hours=1)
    steps.give(workspace_id, 100)
    steps.let_time_pass(steps.HOUR)

    steps.hold(workspace_id, 60)
    ledger.expire_grants(limit=10)

    assert steps.balances(workspace_id) == (100, 60, 0)


def test_expired_credits_cannot_be_held_even_before_the_sweep(workspace_id: UUID) -> None:
    steps.give(workspace_id, 50, hours=1)
    steps.let_time_pass(steps.HOUR)

    with pytest.raises(ledger.InsufficientCreditsError) as refusal:
        steps.hold(workspace_id, 1)

    assert refusal.value.available == 0


def test_two_expired_grants_keep_together_what_one_hold_needs(workspace_id: UUID) -> None:
    steps.give(workspace_id, 30, hours=1)
    steps.give(workspace_id, 30, hours=2)
    steps.hold(workspace_id, 40, ttl=9 * steps.HOUR)
    steps.let_time_pass(2 * steps.HOUR)

    ledger.expire_grants(limit=10)

    assert steps.remaining(workspace_id) == [30, 10]
