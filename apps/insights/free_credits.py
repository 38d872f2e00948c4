"""Reading the ledger on from where it was read to, and adding what nobody had bought to the costs of its day."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from apps.insights.credit_replay import Capture, Grant, Movement, Purse
from apps.insights.models import CreditReading

# So many workspaces are read at once.
BATCH = 2_000
_FREE = (Path(__file__).parent / "sql" / "free.sql").read_text()
_MOVED = "SELECT DISTINCT account_id FROM billing_ledgerentry WHERE id >= %s AND id < %s ORDER BY account_id"
# A plan's credits were bought if money came for them: a trial or an allowance is given.
_ENTRIES = """
    SELECT entry.account_id, entry.position, entry.kind, entry.amount, entry.balance_after, entry.hold_id,
           entry.grant_id, creditgrant.expires_at,
           coalesce(creditgrant.source IN ('purchase', 'overage', 'returned') OR payment.amount > 0, false)
      FROM unnest(%s::uuid[], %s::bigint[]) AS reading (account_id, position)
      JOIN billing_ledgerentry AS entry
        ON entry.account_id = reading.account_id AND entry.position > reading.position
      LEFT JOIN billing_creditgrant AS creditgrant ON creditgrant.id = entry.grant_id
      LEFT JOIN billing_payment AS payment ON payment.grant_entry_id = entry.id
     ORDER BY entry.account_id, entry.position
"""


def count(*, first: UUID, end: UUID) -> list[tuple[UUID, date]]:
    """Read the ledgers on that have entries with ids between these; return the workspaces and days that changed."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, [first, end])
        account_ids = [account_id for (account_id,) in cursor.fetchall()]
    batches = [account_ids[start : start + BATCH] for start in range(0, len(account_ids), BATCH)]
    return [pair for batch in batches for pair in _count_batch(batch)]


def _count_batch(account_ids: Sequence[UUID]) -> list[tuple[UUID, date]]:
    purses = _read_purses(account_ids)
    captures: list[Capture] = []
    for account_id, movements in _read_entries(purses).items():
        captures += purses[account_id].replay(movements)
    _store(purses)
    if not captures:
        return []
    columns: dict[str, Any] = {
        "hold_ids": [capture.hold_id for capture in captures],
        "amounts": [capture.amount for capture in captures],
        "free": [capture.free for capture in captures],
    }
    with connection.cursor() as cursor:
        cursor.execute(_FREE, columns)
        touched: list[tuple[UUID, date]] = cursor.fetchall()
    return touched


def _read_purses(account_ids: Sequence[UUID]) -> dict[UUID, Purse]:
    purses = {account_id: Purse() for account_id in account_ids}
    for reading in CreditReading.objects.filter(pk__in=account_ids):
        grants = [Grant(UUID(key), _moment(at), is_bought, left) for key, at, is_bought, left in reading.grants]
        purses[reading.pk] = Purse(reading.position, reading.balance, grants)
    return purses


def _read_entries(purses: dict[UUID, Purse]) -> dict[UUID, list[Movement]]:
    entries = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, [list(purses), [purse.position for purse in purses.values()]])
        for account_id, *entry in cursor.fetchall():
            entries[account_id].append(Movement(*entry))
    return entries


def _store(purses: dict[UUID, Purse]) -> None:
    readings = [
        CreditReading(
            workspace_id=account_id,
            position=purse.position,
            balance=purse.balance,
            grants=[[str(one.id), _text(one.expires_at), one.is_bought, one.remaining] for one in purse.grants],
        )
        for account_id, purse in purses.items()
    ]
    CreditReading.objects.bulk_create(
        readings, update_conflicts=True, unique_fields=["workspace"], update_fields=["position", "balance", "grants"]
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
