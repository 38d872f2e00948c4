"""Which captured credits nobody had bought: the ledger replayed entry by entry, grant by grant.

An entry does not say which grants it spent from, but the order is known (the soonest to expire first), and each entry
says the balance after it. A balance is what is left of all grants, so its change is what came in or was spent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Movement(NamedTuple):
    """An entry of the ledger, with what the replay must know of the grant that it names."""

    position: int
    kind: str
    amount: int
    balance_after: int
    hold_id: UUID | None
    grant_id: UUID | None
    grant_expires_at: datetime | None
    is_bought: bool


class Capture(NamedTuple):
    """What was captured of a hold, and how much of it nobody had bought."""

    hold_id: UUID
    amount: int
    free: int


@dataclass
class Grant:
    """What is left of credits that came in together."""

    id: UUID
    expires_at: datetime | None
    is_bought: bool
    remaining: int


@dataclass
class Purse:
    """The grants of a workspace after the entry at `position`, in the order in which they are spent."""

    position: int = 0
    balance: int = 0
    grants: list[Grant] = field(default_factory=list)

    def replay(self, movements: Iterable[Movement]) -> list[Capture]:
        """Go on with the entries that follow; return the captures among them that took credits nobody had bought."""
        captures = []
        for movement in movements:
            assert movement.position == self.position + 1, f"entry {movement.position} after {self.position}"
            free = self._move(movement)
            if free and movement.hold_id is not None:
                captures.append(Capture(movement.hold_id, -movement.amount, free))
            self.position, self.balance = movement.position, movement.balance_after
        return captures

    def _move(self, movement: Movement) -> int:
        """Apply one entry; return how many credits of a capture nobody had bought."""
        leaving = self.balance - movement.balance_after
        if movement.amount > 0:
            # What comes in pays an open debt first, in the order of spending.
            self._bring(movement)
            self._spend(leaving + movement.amount)
            return 0
        if movement.kind == "capture":
            free = self._spend(-movement.amount)
            # Debt that was paid with what the hold gave back, or an ended one before it: no entry says so.
            self._spend(leaving + movement.amount)
            return free
        # What is taken back comes from its own grant first.
        taken = min(leaving, -movement.amount)
        self._spend(leaving - taken)
        self._spend(taken, first=movement.grant_id)
        return 0

    def _bring(self, movement: Movement) -> None:
        assert movement.grant_id is not None, f"entry {movement.position} brings credits without a grant"
        self.grants.append(Grant(movement.grant_id, movement.grant_expires_at, movement.is_bought, movement.amount))
        self.grants.sort(key=_turn)

    def _spend(self, amount: int, *, first: UUID | None = None) -> int:
        """Take credits from the grants in their order, one of them perhaps first; return how many nobody had bought."""
        free = 0
        for grant in sorted(self.grants, key=lambda grant: grant.id != first) if first else self.grants:
            part = min(grant.remaining, amount)
            grant.remaining -= part
            amount -= part
            free += 0 if grant.is_bought else part
            if not amount:
                break
        assert amount == 0, f"{amount} credits more were spent than the grants had"
        self.grants = [grant for grant in self.grants if grant.remaining]
        return free


def _turn(grant: Grant) -> tuple[bool, float, UUID]:
    return grant.expires_at is None, grant.expires_at.timestamp() if grant.expires_at else 0.0, grant.id
