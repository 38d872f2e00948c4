"""Short words for the acts of the ledger's tests."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection, connections

from apps.accounts.models import Workspace
from apps.billing import ledger, selectors
from apps.billing.answers import EndedHold, Entry, PlacedHold
from apps.core.ids import uuid7

HOUR = 3600

# Time passes by moving everything that waits into the past: the ledger asks the database's clock, not Python's.
CLOCK = """
CREATE OR REPLACE FUNCTION test_let_time_pass(seconds integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE billing_hold SET placed_at = placed_at - make_interval(secs => seconds),
        expires_at = expires_at - make_interval(secs => seconds) WHERE status = 'open';
    UPDATE billing_creditgrant SET expires_at = expires_at - make_interval(secs => seconds);
END $$
"""


def install_clock() -> None:
    """Let tests move time, as the owner of the database."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(CLOCK)


def let_time_pass(seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT test_let_time_pass(%s)", [seconds])


def new_workspace_id() -> UUID:
    return Workspace.objects.create(name="Test").pk


def new_spender() -> UUID:
    """Return a workspace with a grant, a captured hold and an open one."""
    workspace_id = new_workspace_id()
    give(workspace_id, 100)
    capture(hold(workspace_id, 10), 5)
    hold(workspace_id, 10)
    return workspace_id


def new_key() -> str:
    return f"test:{uuid7()}"


def give(workspace_id: UUID, amount: int, *, hours: int | None = None, key: str = "", source: str = "plan") -> Entry:
    expires_at = datetime.now(UTC) + timedelta(hours=hours) if hours is not None else None
    return ledger.grant(
        workspace_id=workspace_id,
        amount_credits=amount,
        source=source,
        idempotency_key=key or new_key(),
        expires_at=expires_at,
    )


def hold(workspace_id: UUID, amount: int, *, key: str = "", ttl: int = HOUR) -> PlacedHold:
    return ledger.place_hold(
        workspace_id=workspace_id, amount_credits=amount, idempotency_key=key or new_key(), ttl_seconds=ttl
    )


def capture(held: PlacedHold, amount: int, *, key: str = "") -> EndedHold:
    return ledger.capture(hold_id=held.id, amount_credits=amount, idempotency_key=key or new_key())


def release(held: PlacedHold, *, key: str = "") -> EndedHold:
    return ledger.release(hold_id=held.id, idempotency_key=key or new_key())


def adjust(workspace_id: UUID, amount: int, *, key: str = "", allow_debt: bool = False) -> Entry:
    return ledger.adjust(
        workspace_id=workspace_id,
        amount_credits=amount,
        idempotency_key=key or new_key(),
        actor="user:1",
        note="Because.",
        allow_debt=allow_debt,
    )


def reverse(entry_id: UUID, *, key: str = "") -> Entry:
    return ledger.reverse(entry_id=entry_id, idempotency_key=key or new_key(), actor="user:1", note="A mistake.")


def refund(entry_id: UUID, amount: int, *, key: str = "") -> Entry:
    return ledger.refund(
        entry_id=entry_id, amount_credits=amount, idempotency_key=key or new_key(), actor="user:1", note="Returned."
    )


def balances(workspace_id: UUID) -> tuple[int, int, int]:
    """Return balance, held and debt."""
    balance = selectors.get_balance(workspace_id)
    return balance.balance, balance.held, balance.debt


def kinds(workspace_id: UUID) -> list[tuple[str, int]]:
    """Return the ledger as (kind, amount), oldest first."""
    return list(selectors.list_entries(workspace_id).reverse().values_list("kind", "amount"))


def remaining(workspace_id: UUID) -> list[int]:
    """Return what is left of the grants, in the order in which they are spent."""
    return list(selectors.list_grants(workspace_id).values_list("remaining", flat=True))
