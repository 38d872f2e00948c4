"""Credits are reserved, and each reservation ends once."""

from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from apps.billing import ledger, selectors
from apps.billing.answers import PlacedHold
from apps.billing.models import Hold, LedgerEntry
from apps.core.ids import uuid7
from tests.billing import steps


def test_a_hold_reserves_without_spending(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)

    placed = steps.hold(workspace_id, 30)

    assert (placed.status, placed.balance, placed.held, placed.available) == ("open", 100, 30, 70)
    assert selectors.get_balance(workspace_id) == (100, 30, 70, 0)
    assert steps.kinds(workspace_id) == [("grant", 100)]


def test_all_that_is_available_can_be_held(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)

    steps.hold(workspace_id, 40)
    steps.hold(workspace_id, 60)

    assert selectors.get_balance(workspace_id).available == 0


def test_more_than_is_available_cannot_be_held(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)
    steps.hold(workspace_id, 40)

    with pytest.raises(ledger.InsufficientCreditsError) as refusal:
        steps.hold(workspace_id, 61)

    assert (refusal.value.available, refusal.value.needed, refusal.value.status) == (60, 61, 402)
    assert steps.balances(workspace_id) == (100, 40, 0)


def test_a_workspace_without_credits_can_hold_nothing(workspace_id: UUID) -> None:
    with pytest.raises(ledger.InsufficientCreditsError):
        steps.hold(workspace_id, 1)


def test_zero_credits_can_be_held_and_released(workspace_id: UUID) -> None:
    placed = steps.hold(workspace_id, 0)

    assert steps.capture(placed, 0).status == "released"


def test_the_caller_may_choose_the_id_of_a_hold(workspace_id: UUID) -> None:
    hold_id = uuid7()
    steps.give(workspace_id, 5)

    placed = ledger.place_hold(
        workspace_id=workspace_id, amount_credits=5, idempotency_key="k", ttl_seconds=9, hold_id=hold_id
    )

    assert placed.id == hold_id


def test_capture_returns_the_unused_part(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)
    placed = steps.hold(workspace_id, 30)

    ended = steps.capture(placed, 12)

    assert (ended.status, ended.captured_credits, ended.released_credits, ended.available) == ("captured", 12, 18, 88)
    assert steps.balances(workspace_id) == (88, 0, 0)
    assert steps.kinds(workspace_id) == [("grant", 100), ("capture", -12)]


def test_a_capture_is_written_with_its_hold_and_the_balance_after_it(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)
    placed = steps.hold(workspace_id, 30)

    steps.capture(placed, 30)

    entry = LedgerEntry.objects.get(hold_id=placed.id)
    assert (entry.amount, entry.balance_after, entry.debt_after) == (-30, 70, 0)


def test_release_returns_everything(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)
    placed = steps.hold(workspace_id, 30)

    ended = steps.release(placed)

    assert (ended.status, ended.captured_credits, ended.available) == ("released", 0, 100)
    assert steps.kinds(workspace_id) == [("grant", 100)]


def test_a_capture_of_zero_is_a_release(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)

    ended = steps.capture(steps.hold(workspace_id, 30), 0)

    assert ended.status == "released"
    assert steps.kinds(workspace_id) == [("grant", 100)]


def test_more_than_the_hold_cannot_be_captured(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)
    placed = steps.hold(workspace_id, 30)

    with pytest.raises(ledger.CaptureExceedsHoldError):
        steps.capture(placed, 31)

    assert steps.balances(workspace_id) == (100, 30, 0)
    assert steps.capture(placed, 30).status == "captured"


@pytest.mark.parametrize("first", [steps.release, lambda placed: steps.capture(placed, 1)])
@pytest.mark.parametrize("second", [steps.release, lambda placed: steps.capture(placed, 1)])
def test_a_hold_ends_once(workspace_id: UUID, first: Any, second: Any) -> None:
    steps.give(workspace_id, 100)
    placed = steps.hold(workspace_id, 30)
    ended = first(placed)

    with pytest.raises(ledger.HoldNotOpenError) as refusal:
        second(placed)

    assert refusal.value.hold_status == ended.status
    assert steps.balances(workspace_id) == (100 - ended.captured_credits, 0, 0)


def test_a_hold_cannot_be_captured_after_its_release(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)
    placed = steps.hold(workspace_id, 30)
    steps.release(placed)

    with pytest.raises(ledger.HoldNotOpenError):
        steps.capture(placed, 1)

    assert steps.balances(workspace_id) == (100, 0, 0)


@pytest.mark.usefixtures("workspace_id")
def test_an_unknown_hold_is_not_found() -> None:
    unknown = uuid7()

    with pytest.raises(ledger.HoldNotFoundError):
        ledger.capture(hold_id=unknown, amount_credits=1, idempotency_key="k")
    with pytest.raises(ledger.HoldNotFoundError):
        ledger.release(hold_id=unknown, idempotency_key="k")


def test_the_hold_of_an_expired_time_is_returned_once(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)
    late, early = steps.hold(workspace_id, 30, ttl=60), steps.hold(workspace_id, 20, ttl=600)
    steps.let_time_pass(61)

    counts = [ledger.expire_holds(limit=10), ledger.expire_holds(limit=10)]

    assert counts == [1, 0]
    assert steps.balances(workspace_id) == (100, 20, 0)
    assert _statuses(late, early) == ["expired", "open"]


def test_no_more_holds_expire_than_asked_for_and_the_oldest_first(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)
    second, first = steps.hold(workspace_id, 1, ttl=20), steps.hold(workspace_id, 1, ttl=10)
    steps.let_time_pass(60)

    count = ledger.expire_holds(limit=1)

    assert count == 1
    assert _statuses(first, second) == ["expired", "open"]


def test_a_late_capture_is_refused_and_logged(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)
    placed = steps.hold(workspace_id, 30, ttl=60)
    steps.let_time_pass(61)
    ledger.expire_holds(limit=10)

    with capture_logs() as logs, pytest.raises(ledger.HoldNotOpenError):
        steps.capture(placed, 30)

    assert [(line["event"], line["status"]) for line in logs] == [("hold_not_open", "expired")]
    assert steps.balances(workspace_id) == (100, 0, 0)


@pytest.mark.parametrize("wrong", [{"amount": -1}, {"amount": 2.0}, {"ttl": 0}, {"ttl": -5}, {"ttl": 10**9}])
def test_a_senseless_hold_is_refused(workspace_id: UUID, wrong: dict[str, int]) -> None:
    steps.give(workspace_id, 100)

    with pytest.raises(AssertionError):
        steps.hold(workspace_id, **({"amount": 1} | wrong))


def test_a_negative_capture_is_refused(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)
    placed = steps.hold(workspace_id, 10)

    with pytest.raises(AssertionError):
        steps.capture(placed, -1)


def _statuses(*placed: PlacedHold) -> list[str]:
    by_id = dict(Hold.objects.values_list("id", "status"))
    return [by_id[each.id] for each in placed]
