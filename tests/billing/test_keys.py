"""One idempotency key is one intent: the same again gives the same answer, anything else is a conflict."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from apps.billing import ledger
from apps.billing.models import LedgerEntry
from tests.billing import steps

Act = Callable[[UUID, str, int], Any]


def _purchase(workspace_id: UUID) -> UUID:
    return steps.give(workspace_id, 30, key="purchase", source="purchase").id


def _hold(workspace_id: UUID) -> Any:
    return steps.hold(workspace_id, 20, key="the hold")


# Each takes a workspace, a key and a number that makes the content different.
ACTS: dict[str, Act] = {
    "grant": lambda workspace_id, key, number: steps.give(workspace_id, number, key=key),
    "place_hold": lambda workspace_id, key, number: steps.hold(workspace_id, number, key=key),
    "capture": lambda workspace_id, key, number: steps.capture(_hold(workspace_id), number, key=key),
    "adjust": lambda workspace_id, key, number: steps.adjust(workspace_id, -number, key=key),
    "refund": lambda workspace_id, key, number: steps.refund(_purchase(workspace_id), number, key=key),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_the_same_again_gives_the_same_answer_and_writes_nothing(workspace_id: UUID, act: Act) -> None:
    steps.give(workspace_id, 100)
    first = act(workspace_id, "k", 7)
    before = (steps.balances(workspace_id), steps.kinds(workspace_id))

    again = act(workspace_id, "k", 7)

    assert (again, again.repeated, first.repeated) == (first, True, False)
    assert (steps.balances(workspace_id), steps.kinds(workspace_id)) == before


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_the_same_key_with_other_content_is_a_conflict(workspace_id: UUID, act: Act) -> None:
    steps.give(workspace_id, 100)
    act(workspace_id, "k", 7)
    before = (steps.balances(workspace_id), steps.kinds(workspace_id))

    with pytest.raises(ledger.IdempotencyConflictError) as refusal:
        act(workspace_id, "k", 8)

    assert (refusal.value.status, refusal.value.code) == (409, "idempotency_conflict")
    assert (steps.balances(workspace_id), steps.kinds(workspace_id)) == before


def test_a_repeated_grant_gives_nothing(workspace_id: UUID) -> None:
    first = steps.give(workspace_id, 7, key="k")

    again = steps.give(workspace_id, 7, key="k")

    assert first == again
    assert steps.balances(workspace_id) == (7, 0, 0)


def test_a_grant_with_a_used_key_and_another_amount_is_a_conflict(workspace_id: UUID) -> None:
    steps.give(workspace_id, 7, key="k")

    with pytest.raises(ledger.IdempotencyConflictError):
        steps.give(workspace_id, 8, key="k")


def test_a_release_and_a_reversal_can_be_repeated(workspace_id: UUID) -> None:
    entry, placed = steps.give(workspace_id, 100), _hold(workspace_id)

    answers = [steps.release(placed, key="r"), steps.release(placed, key="r")]
    reversals = [steps.reverse(entry.id, key="v"), steps.reverse(entry.id, key="v")]

    assert [answer.repeated for answer in (*answers, *reversals)] == [False, True, False, True]
    assert steps.kinds(workspace_id) == [("grant", 100), ("reversal", -100)]


def test_a_repeated_hold_is_the_same_hold_even_after_its_end(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)
    placed = steps.hold(workspace_id, 20, key="k")
    steps.release(placed)

    again = steps.hold(workspace_id, 20, key="k")

    assert (again.id, again.status, again.held) == (placed.id, "released", 0)


def test_one_key_cannot_end_two_holds(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100)
    first, second, third = (steps.hold(workspace_id, 20) for _ in range(3))
    steps.capture(first, 20, key="c")
    steps.release(second, key="r")

    for key in ("c", "r"):
        with pytest.raises(ledger.IdempotencyConflictError):
            steps.capture(third, 20, key=key)
        with pytest.raises(ledger.IdempotencyConflictError):
            steps.release(third, key=key)

    assert steps.balances(workspace_id) == (80, 20, 0)


def test_the_key_of_a_grant_cannot_capture_and_the_key_of_a_release_cannot_grant(workspace_id: UUID) -> None:
    steps.give(workspace_id, 100, key="g")
    first, second = steps.hold(workspace_id, 20), steps.hold(workspace_id, 20)
    steps.release(first, key="r")

    with pytest.raises(ledger.IdempotencyConflictError):
        steps.capture(second, 20, key="g")
    with pytest.raises(ledger.IdempotencyConflictError):
        steps.give(workspace_id, 20, key="r")


def test_a_refusal_leaves_the_key_unused_and_the_transaction_usable(workspace_id: UUID) -> None:
    with pytest.raises(ledger.InsufficientCreditsError):
        steps.hold(workspace_id, 5, key="k")
    steps.give(workspace_id, 5)

    placed = steps.hold(workspace_id, 5, key="k")

    assert (placed.status, placed.repeated) == ("open", False)
    assert LedgerEntry.objects.filter(account_id=workspace_id).count() == 1
