"""The only door to the money: every operation is one call of a database function, atomic by itself (see sql/).

Call it last in a transaction: it locks the credit account until the end. Each operation carries the caller's name for
its intent, the idempotency key. The same key with the same content gives the same answer and writes nothing; with other
content it raises IdempotencyConflictError (actor and note only describe, they are not content). A refusal leaves the
transaction usable.
"""

import hashlib
import json
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import structlog
from django.db import connection
from django.utils.translation import gettext_lazy as _

from apps.billing.answers import EndedHold, Entry, PlacedHold, Row
from apps.billing.models import KEY_LENGTH_MAX, CreditGrant, LedgerEntry
from apps.core.errors import DomainError
from apps.core.ids import uuid7
from apps.core.request_id import current_request_id

Argument = UUID | datetime | str | int | bool | None

# Far above any sale, far below what a bigint holds: sums of sums cannot overflow.
AMOUNT_CREDITS_MAX = 10**15
HOLD_TTL_SECONDS_MAX = 30 * 24 * 3600

logger = structlog.get_logger(__name__)


class InsufficientCreditsError(DomainError):
    """The available credits do not cover the amount, or a debt is open."""

    code: ClassVar[str] = "insufficient_credits"
    status: ClassVar[int] = 402
    sentence = _("Not enough credits for this. Add credits and try again.")

    def __init__(self, *, available: int, needed: int, debt: int) -> None:
        super().__init__()
        self.available, self.needed, self.debt = available, needed, debt


class IdempotencyConflictError(DomainError):
    """The idempotency key was used before, for something else."""

    code: ClassVar[str] = "idempotency_conflict"
    status: ClassVar[int] = 409
    sentence = _("This was already done with other details. Reload the page and try again.")


class HoldNotFoundError(DomainError):
    """There is no such hold."""

    code: ClassVar[str] = "hold_not_found"
    status: ClassVar[int] = 404
    sentence = _("These credits were never reserved.")


class HoldNotOpenError(DomainError):
    """The hold was captured, released or expired before; `hold_status` says which."""

    code: ClassVar[str] = "hold_not_open"
    status: ClassVar[int] = 409
    sentence = _("The credits reserved for this are no longer reserved.")

    def __init__(self, *, hold_status: str) -> None:
        super().__init__()
        self.hold_status = hold_status


class CaptureExceedsHoldError(DomainError):
    """A capture may take at most what the hold reserved."""

    code: ClassVar[str] = "capture_exceeds_hold"
    status: ClassVar[int] = 409
    sentence = _("This costs more than was reserved for it.")


class EntryNotFoundError(DomainError):
    """There is no such ledger entry."""

    code: ClassVar[str] = "entry_not_found"
    status: ClassVar[int] = 404
    sentence = _("There is no such ledger entry.")


class EntryNotReversibleError(DomainError):
    """The entry was reversed before, has nothing left to undo, or is of a kind that cannot be undone."""

    code: ClassVar[str] = "entry_not_reversible"
    status: ClassVar[int] = 409
    sentence = _("This entry cannot be reversed (again).")


class RefundExceedsPurchaseError(DomainError):
    """A refund may take back at most what still stands of the purchase."""

    code: ClassVar[str] = "refund_exceeds_purchase"
    status: ClassVar[int] = 409
    sentence = _("More than was purchased cannot be refunded.")


def grant(
    *,
    workspace_id: UUID,
    amount_credits: int,
    source: str,
    idempotency_key: str,
    expires_at: datetime | None = None,
    actor: str = "",
    note: str = "",
) -> Entry:
    """Give credits to a workspace; its credit account is made on first use. An open debt is paid first.

    `source` is a CreditGrant.Source. A grant whose `expires_at` has passed is kept until the next expiry.
    Raises IdempotencyConflictError.
    """
    _assert_amount(amount_credits, at_least=1)
    _assert_key(idempotency_key)
    assert source in CreditGrant.Source.values, f"unknown source {source!r}"
    assert expires_at is None or expires_at.tzinfo is not None, "expires_at needs a time zone"
    kind = LedgerEntry.Kind.PURCHASE if source == CreditGrant.Source.PURCHASE else LedgerEntry.Kind.GRANT
    expiry = expires_at.timestamp() if expires_at else None
    fingerprint = _fingerprint("grant", amount_credits, source, expiry)
    row = _call(
        "ledger_grant", workspace_id, uuid7(), uuid7(), str(kind), str(source), amount_credits, expires_at,
        idempotency_key, fingerprint, actor, note, current_request_id(),
    )  # fmt: skip
    return Entry.of(row)


def place_hold(
    *,
    workspace_id: UUID,
    amount_credits: int,
    idempotency_key: str,
    ttl_seconds: int,
    hold_id: UUID | None = None,
) -> PlacedHold:
    """Reserve credits for at most `ttl_seconds`. Zero credits may be held: a model may cost nothing.

    `hold_id` lets a row of the same transaction point at the hold before it is placed; a repeated call returns the
    first hold, whatever id it offers. Raises InsufficientCreditsError (also while a debt is open) and
    IdempotencyConflictError.
    """
    _assert_amount(amount_credits, at_least=0)
    _assert_key(idempotency_key)
    assert 0 < ttl_seconds <= HOLD_TTL_SECONDS_MAX, f"a hold cannot last {ttl_seconds} seconds"
    fingerprint = _fingerprint("place_hold", amount_credits, ttl_seconds)
    row = _call(
        "ledger_place_hold", workspace_id, hold_id or uuid7(), amount_credits, ttl_seconds,
        idempotency_key, fingerprint, current_request_id(),
    )  # fmt: skip
    if row.outcome == "insufficient":
        raise InsufficientCreditsError(available=row.balance - row.held, needed=amount_credits, debt=row.debt)
    return PlacedHold.of(row)


def capture(*, hold_id: UUID, amount_credits: int, idempotency_key: str) -> EndedHold:
    """Consume all or part of a hold; the rest is released. A capture of zero is a release.

    An expired hold is refused, also when its credits would still be there. Raises CaptureExceedsHoldError,
    HoldNotOpenError, HoldNotFoundError and IdempotencyConflictError.
    """
    _assert_amount(amount_credits, at_least=0)
    if amount_credits == 0:
        return release(hold_id=hold_id, idempotency_key=idempotency_key)
    _assert_key(idempotency_key)
    fingerprint = _fingerprint("capture", hold_id, amount_credits)
    row = _call(
        "ledger_capture", hold_id, uuid7(), amount_credits, idempotency_key, fingerprint, current_request_id()
    )  # fmt: skip
    if row.outcome == "exceeds":
        raise CaptureExceedsHoldError
    return _ended_hold(row, hold_id=hold_id, idempotency_key=idempotency_key)


def release(*, hold_id: UUID, idempotency_key: str) -> EndedHold:
    """Return all of a hold to the account. Raises HoldNotOpenError, HoldNotFoundError and IdempotencyConflictError."""
    _assert_key(idempotency_key)
    row = _call("ledger_release", hold_id, idempotency_key, _fingerprint("release", hold_id))
    return _ended_hold(row, hold_id=hold_id, idempotency_key=idempotency_key)


def adjust(
    *,
    workspace_id: UUID,
    amount_credits: int,
    idempotency_key: str,
    actor: str,
    note: str,
    allow_debt: bool = False,
) -> Entry:
    """Correct a balance by hand, up or down; the note says why. Held credits are never taken.

    What a negative adjustment cannot take from the available credits becomes debt if `allow_debt`; otherwise raises
    InsufficientCreditsError. Raises IdempotencyConflictError.
    """
    _assert_amount(abs(amount_credits), at_least=1)
    _assert_key(idempotency_key)
    assert actor, "an adjustment needs an actor"
    assert note.strip(), "an adjustment needs a note"
    fingerprint = _fingerprint("adjust", amount_credits, allow_debt)
    row = _call(
        "ledger_adjust", workspace_id, uuid7(), uuid7(), amount_credits, allow_debt,
        idempotency_key, fingerprint, actor, note, current_request_id(),
    )  # fmt: skip
    if row.outcome == "insufficient":
        raise InsufficientCreditsError(available=row.balance - row.held, needed=-amount_credits, debt=row.debt)
    return Entry.of(row)


def reverse(*, entry_id: UUID, idempotency_key: str, actor: str, note: str) -> Entry:
    """Undo a grant, purchase, capture or adjustment, once. Spent credits that are taken back become debt.

    Of a grant, what expired or was refunded is not taken again. Credits that come back do not expire.
    Raises EntryNotReversibleError, EntryNotFoundError and IdempotencyConflictError.
    """
    fingerprint = _fingerprint("reverse", entry_id)
    return _undo(entry_id, "reversal", None, idempotency_key, fingerprint, actor, note)


def refund(*, entry_id: UUID, amount_credits: int, idempotency_key: str, actor: str, note: str) -> Entry:
    """Take back a part of a purchase, a plan's credits or returned ones, whose money went back.

    Spent credits that are taken back become debt. Raises RefundExceedsPurchaseError, EntryNotReversibleError,
    EntryNotFoundError and IdempotencyConflictError.
    """
    _assert_amount(amount_credits, at_least=1)
    fingerprint = _fingerprint("refund", entry_id, amount_credits)
    return _undo(entry_id, "refund", amount_credits, idempotency_key, fingerprint, actor, note)


def expire_holds(*, limit: int) -> int:
    """End up to `limit` open holds whose time ran out and return how many. Accounts in use wait for the next call."""
    assert limit > 0, "nothing to expire"
    return _count("SELECT ledger_expire_holds(%s)", limit)


def expire_grants(*, limit: int) -> int:
    """Expire what is left of up to `limit` grants as far as no open hold needs it; return the number of entries."""
    assert limit > 0, "nothing to expire"
    return _count("SELECT ledger_expire_grants(%s, %s)", limit, current_request_id())


def _assert_amount(amount_credits: int, *, at_least: int) -> None:
    assert type(amount_credits) is int, f"credits are whole numbers, not {amount_credits!r}"
    assert at_least <= amount_credits <= AMOUNT_CREDITS_MAX, f"{amount_credits} credits are out of range"


def _assert_key(idempotency_key: str) -> None:
    assert 0 < len(idempotency_key) <= KEY_LENGTH_MAX, f"{idempotency_key!r} is no idempotency key"


def _fingerprint(operation: str, *content: object) -> str:
    return hashlib.sha256(json.dumps([operation, *content], default=str).encode()).hexdigest()


def _call(function: str, *arguments: Argument) -> Row:
    placeholders = ", ".join(["%s"] * len(arguments))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {function}({placeholders})", arguments)  # noqa: S608 - a name from this file
        row = Row(*cursor.fetchone())
    if row.outcome == "conflict":
        raise IdempotencyConflictError
    return row


def _ended_hold(row: Row, *, hold_id: UUID, idempotency_key: str) -> EndedHold:
    if row.outcome == "not_found":
        raise HoldNotFoundError
    if row.outcome == "not_open":
        # Somebody worked on time that had run out, or settled twice under two names: both need a look.
        logger.warning("hold_not_open", hold_id=str(hold_id), status=row.hold_status, key=idempotency_key)
        raise HoldNotOpenError(hold_status=row.hold_status)
    return EndedHold.of(row)


def _undo(
    entry_id: UUID, kind: str, amount_credits: int | None, key: str, fingerprint: str, actor: str, note: str
) -> Entry:
    _assert_key(key)
    assert actor, f"a {kind} needs an actor"
    assert note.strip(), f"a {kind} needs a note"
    row = _call(
        "ledger_undo", entry_id, uuid7(), uuid7(), kind, amount_credits, key, fingerprint, actor, note,
        current_request_id(),
    )  # fmt: skip
    if row.outcome == "not_found":
        raise EntryNotFoundError
    if row.outcome == "not_reversible":
        raise EntryNotReversibleError
    if row.outcome == "exceeds":
        raise RefundExceedsPurchaseError
    return Entry.of(row)


def _count(statement: str, *arguments: Argument) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        count: int = cursor.fetchone()[0]
    return count
