"""Adjustments, reversals, refunds, and the debt that they may leave."""

from uuid import UUID

import pytest

from apps.billing import ledger
from apps.billing.models import LedgerEntry
from apps.core.ids import uuid7
from tests.billing import steps


def test_an_adjustment_gives_and_takes(workspace_id: UUID) -> None:
    steps.adjust(workspace_id, 50)
    steps.adjust(workspace_id, -20)

    assert steps.kinds(workspace_id) == [("adjustment", 50), ("adjustment", -20)]
    assert steps.balances(workspace_id) == (30, 0, 0)


def test_an_adjustment_takes_no_held_credits(workspace_id: UUID) -> None:
    steps.give(workspace_id, 50)
    steps.hold(workspace_id, 30)

    with pytest.raises(ledger.InsufficientCreditsError) as refusal:
        steps.adjust(workspace_id, -21)

    assert (refusal.value.available, refusal.value.needed) == (20, 21)
    assert steps.balances(workspace_id) == (50, 30, 0)


def test_an_adjustment_with_debt_takes_what_is_available_and_owes_the_rest(workspace_id: UUID) -> None:
    steps.give(workspace_id, 50)
    steps.hold(workspace_id, 30)

    entry = steps.adjust(workspace_id, -25, allow_debt=True)

    assert (entry.amount_credits, entry.balance_after, entry.debt_after) == (-25, 30, 5)
    assert steps.balances(workspace_id) == (30, 30, 5)


@pytest.mark.parametrize("wrong", [{"amount_credits": 0}, {"actor": ""}, {"note": " "}])
def test_an_adjustment_needs_an_amount_an_actor_and_a_reason(workspace_id: UUID, wrong: dict[str, object]) -> None:
    right = {"workspace_id": workspace_id, "amount_credits": 1, "idempotency_key": "k", "actor": "user:1", "note": "n"}

    with pytest.raises(AssertionError):
        ledger.adjust(**(right | wrong))


def test_debt_blocks_new_holds(workspace_id: UUID) -> None:
    steps.adjust(workspace_id, -5, allow_debt=True)

    with pytest.raises(ledger.InsufficientCreditsError) as refusal:
        steps.hold(workspace_id, 0)

    assert refusal.value.debt == 5


def test_new_credits_pay_the_debt_first(workspace_id: UUID) -> None:
    steps.adjust(workspace_id, -30, allow_debt=True)

    entry = steps.give(workspace_id, 100)

    assert (entry.amount_credits, entry.balance_after, entry.debt_after) == (100, 70, 0)
    assert steps.remaining(workspace_id) == [70]


def test_credits_that_a_capture_frees_pay_the_debt_first(workspace_id: UUID) -> None:
    steps.give(workspace_id, 50)
    placed = steps.hold(workspace_id, 50)
    steps.adjust(workspace_id, -30, allow_debt=True)

    steps.capture(placed, 10)

    assert steps.balances(workspace_id) == (10, 0, 0)


def test_credits_that_a_release_frees_pay_the_debt_first(workspace_id: UUID) -> None:
    steps.give(workspace_id, 50)
    placed = steps.hold(workspace_id, 50)
    steps.adjust(workspace_id, -70, allow_debt=True)

    steps.release(placed)

    assert steps.balances(workspace_id) == (0, 0, 20)


def test_credits_that_an_expired_hold_frees_pay_the_debt_first(workspace_id: UUID) -> None:
    steps.give(workspace_id, 50)
    steps.hold(workspace_id, 50, ttl=60)
    steps.adjust(workspace_id, -30, allow_debt=True)
    steps.let_time_pass(61)

    ledger.expire_holds(limit=10)

    assert steps.balances(workspace_id) == (20, 0, 0)


def test_reversing_a_grant_takes_its_own_credits_first(workspace_id: UUID) -> None:
    steps.give(workspace_id, 10, hours=1)
    entry = steps.give(workspace_id, 20)

    reversal = steps.reverse(entry.id)

    assert (reversal.kind, reversal.amount_credits) == ("reversal", -20)
    assert LedgerEntry.objects.get(pk=reversal.id).reverses_id == entry.id
    assert steps.remaining(workspace_id) == [10]


def test_reversing_a_spent_purchase_leaves_a_debt(workspace_id: UUID) -> None:
    entry = steps.give(workspace_id, 20, source="purchase")
    steps.capture(steps.hold(workspace_id, 15), 15)

    steps.reverse(entry.id)

    assert steps.balances(workspace_id) == (0, 0, 15)


def test_reversing_a_capture_brings_the_credits_back(workspace_id: UUID) -> None:
    steps.give(workspace_id, 20)
    placed = steps.hold(workspace_id, 15)
    steps.capture(placed, 15)

    steps.reverse(LedgerEntry.objects.get(hold_id=placed.id).pk)

    assert steps.kinds(workspace_id)[-1] == ("reversal", 15)
    assert steps.balances(workspace_id) == (20, 0, 0)


def test_what_expired_of_a_grant_is_not_taken_again(workspace_id: UUID) -> None:
    entry = steps.give(workspace_id, 20, hours=1)
    placed = steps.hold(workspace_id, 5, ttl=9 * steps.HOUR)
    steps.let_time_pass(steps.HOUR)
    steps.capture(placed, 5)
    ledger.expire_grants(limit=10)

    reversal = steps.reverse(entry.id)

    assert (reversal.amount_credits, reversal.debt_after) == (-5, 5)


def test_an_entry_is_reversed_once(workspace_id: UUID) -> None:
    entry = steps.give(workspace_id, 20)
    reversal = steps.reverse(entry.id)

    for entry_id in (entry.id, reversal.id):
        with pytest.raises(ledger.EntryNotReversibleError):
            steps.reverse(entry_id)

    assert steps.balances(workspace_id) == (0, 0, 0)


def test_refunds_take_back_no_more_than_was_purchased(workspace_id: UUID) -> None:
    entry = steps.give(workspace_id, 20, source="purchase")
    steps.refund(entry.id, 15)

    with pytest.raises(ledger.RefundExceedsPurchaseError):
        steps.refund(entry.id, 6)
    steps.reverse(entry.id)

    assert steps.kinds(workspace_id) == [("purchase", 20), ("refund", -15), ("reversal", -5)]
    with pytest.raises(ledger.EntryNotReversibleError):
        steps.refund(entry.id, 1)


@pytest.mark.parametrize("source", ["sign_up", "promotion", "staff", "overage"])
def test_what_was_not_paid_for_is_not_refunded(workspace_id: UUID, source: str) -> None:
    entry = steps.give(workspace_id, 20, source=source)

    with pytest.raises(ledger.EntryNotReversibleError):
        steps.refund(entry.id, 1)


@pytest.mark.parametrize("source", ["plan", "purchase", "returned"])
def test_what_was_paid_for_is_refunded(workspace_id: UUID, source: str) -> None:
    entry = steps.give(workspace_id, 20, source=source)

    steps.refund(entry.id, 15)

    assert steps.balances(workspace_id) == (5, 0, 0)


@pytest.mark.usefixtures("workspace_id")
def test_an_unknown_entry_is_not_found() -> None:
    with pytest.raises(ledger.EntryNotFoundError):
        steps.reverse(uuid7())
