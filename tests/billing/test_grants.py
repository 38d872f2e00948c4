"""Credits come in."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from structlog.contextvars import bound_contextvars

from apps.billing import ledger, selectors
from apps.billing.models import LedgerEntry
from tests.billing import steps


def test_a_workspace_without_grants_has_zeros(workspace_id: UUID) -> None:
    assert selectors.get_balance(workspace_id) == (0, 0, 0, 0)


def test_the_first_grant_opens_the_account(workspace_id: UUID) -> None:
    entry = steps.give(workspace_id, 500)

    assert (entry.kind, entry.amount_credits, entry.balance_after, entry.position) == ("grant", 500, 500, 1)
    assert selectors.get_balance(workspace_id) == (500, 0, 500, 0)


def test_bought_credits_are_a_purchase(workspace_id: UUID) -> None:
    assert steps.give(workspace_id, 500, source="purchase").kind == "purchase"


def test_two_workspaces_may_use_the_same_key(workspace_id: UUID) -> None:
    other_id = steps.new_workspace_id()

    steps.give(workspace_id, 500, key="signup")
    steps.give(other_id, 500, key="signup")

    assert steps.balances(workspace_id) == steps.balances(other_id) == (500, 0, 0)


def test_each_entry_knows_its_request_its_actor_and_why(workspace_id: UUID) -> None:
    given = {"workspace_id": workspace_id, "amount_credits": 1, "source": "staff", "actor": "user:7", "note": "Sorry!"}

    with bound_contextvars(request_id="request-0001"):
        ledger.grant(idempotency_key="k", **given)

    entry = LedgerEntry.objects.get(account_id=workspace_id)
    assert (entry.request_id, entry.actor, entry.note) == ("request-0001", "user:7", "Sorry!")


def test_sums_above_four_billion_are_exact(workspace_id: UUID) -> None:
    for _ in range(3):
        steps.give(workspace_id, ledger.AMOUNT_CREDITS_MAX)
    steps.capture(steps.hold(workspace_id, ledger.AMOUNT_CREDITS_MAX), ledger.AMOUNT_CREDITS_MAX - 1)

    assert steps.balances(workspace_id) == (2 * ledger.AMOUNT_CREDITS_MAX + 1, 0, 0)


@pytest.mark.parametrize("amount", [0, -1, ledger.AMOUNT_CREDITS_MAX + 1, 1.5, True])
def test_a_grant_is_a_positive_whole_number(workspace_id: UUID, amount: int) -> None:
    with pytest.raises(AssertionError):
        steps.give(workspace_id, amount)

    assert steps.kinds(workspace_id) == []


@pytest.mark.parametrize(
    "wrong",
    [{"source": "gift"}, {"idempotency_key": ""}, {"idempotency_key": "k" * 201}, {"expires_at": datetime(2030, 1, 1)}],
)
def test_a_grant_with_senseless_details_is_refused(workspace_id: UUID, wrong: dict[str, object]) -> None:
    right = {"workspace_id": workspace_id, "amount_credits": 1, "source": "plan", "idempotency_key": "k"}

    with pytest.raises(AssertionError):
        ledger.grant(**(right | wrong))


def test_a_grant_that_comes_too_late_expires_at_the_next_sweep(workspace_id: UUID) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    ledger.grant(workspace_id=workspace_id, amount_credits=9, source="plan", idempotency_key="k", expires_at=yesterday)

    ledger.expire_grants(limit=10)

    assert steps.kinds(workspace_id) == [("grant", 9), ("expiry", -9)]
