"""What the ledger answers: an entry, or a hold with the balances around it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID


class Row(NamedTuple):
    """The type ledger_result of sql/foundation.sql."""

    outcome: str
    entry_id: UUID
    entry_position: int
    entry_kind: str
    hold_id: UUID
    hold_status: str
    amount: int
    captured: int
    expires_at: datetime
    balance: int
    held: int
    debt: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger entry as it was written. `repeated`: it was there before this call."""

    id: UUID
    position: int
    kind: str
    amount_credits: int
    balance_after: int
    debt_after: int
    repeated: bool = field(compare=False)

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return the entry that a row tells of."""
        return cls(
            id=row.entry_id,
            position=row.entry_position,
            kind=row.entry_kind,
            amount_credits=row.amount,
            balance_after=row.balance,
            debt_after=row.debt,
            repeated=row.outcome == "repeated",
        )


@dataclass(frozen=True, slots=True)
class _Hold:
    """A hold, and the account's balances after the call. Two answers are equal when they tell of the same hold."""

    id: UUID
    amount_credits: int
    expires_at: datetime
    status: str = field(compare=False)
    captured_credits: int = field(compare=False)
    balance: int = field(compare=False)
    held: int = field(compare=False)
    debt: int = field(compare=False)
    repeated: bool = field(compare=False)

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return the hold that a row tells of."""
        return cls(
            id=row.hold_id,
            amount_credits=row.amount,
            expires_at=row.expires_at,
            status=row.hold_status,
            captured_credits=row.captured,
            balance=row.balance,
            held=row.held,
            debt=row.debt,
            repeated=row.outcome == "repeated",
        )

    @property
    def available(self) -> int:
        """Credits that a new hold may reserve."""
        return self.balance - self.held


class PlacedHold(_Hold):
    """The answer to place_hold; a repeated one says by its status whether the hold has ended since."""

    __slots__ = ()


class EndedHold(_Hold):
    """The answer to capture and release."""

    __slots__ = ()

    @property
    def released_credits(self) -> int:
        """Credits that went back to the account."""
        return self.amount_credits - self.captured_credits
