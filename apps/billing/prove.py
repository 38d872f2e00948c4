"""The proof of the ledger: add up everything again, set-wise and in one snapshot, and compare."""

from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from apps.core.db import system_scope

_PROOF = (Path(__file__).parent / "sql" / "prove.sql").read_text()


class Discrepancy(NamedTuple):
    """A rule that does not hold: in which account, for which entry, hold, grant or account, and the two numbers."""

    rule: str
    account_id: UUID
    subject_id: UUID
    expected: int | None
    found: int | None

    def __str__(self) -> str:
        return (
            f"{self.rule}: account {self.account_id}, {self.subject_id}: expected {self.expected}, found {self.found}"
        )


def prove(workspace_id: UUID | None = None) -> list[Discrepancy]:
    """Return every discrepancy between stored balances and movements, of one workspace or of all. Reads only."""
    with system_scope(), connection.cursor() as cursor:
        cursor.execute(_PROOF, {"workspace_id": workspace_id})
        return [Discrepancy(*row) for row in cursor.fetchall()]
