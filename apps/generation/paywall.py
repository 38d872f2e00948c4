"""The paywall in the composer: what this person got so far, what this run is missing, and the ways on."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from apps.accounts.models import Membership
from apps.billing import paywall as billing
from apps.billing import selectors
from apps.billing.ledger import InsufficientCreditsError
from apps.billing.paywall import Paywall
from apps.billing.spending import SpendCapError
from apps.generation import member_allowances
from apps.generation.member_allowances import AllowanceError
from apps.usage import selectors as usage

PAYWALLED = (AllowanceError, InsufficientCreditsError, SpendCapError)
Refusal = AllowanceError | InsufficientCreditsError | SpendCapError
# English text has about three words for four tokens.
WORDS_FOR_FOUR_TOKENS = 3


@dataclass(frozen=True)
class SoFar:
    """What a workspace got until now: credits charged, and about how many words were written for them."""

    credits: int
    words: int


@dataclass(frozen=True)
class AllowanceWall:
    """What stands in the way where a member's own allowance does not suffice; nothing that is sold helps."""

    needed: int
    left: int
    allowance: int
    is_daily: bool = False
    reason: str = "allowance"


def of_estimate(*, membership: Membership, needed: int, balance: selectors.Balance, return_path: str) -> dict[str, Any]:
    """Return what stands in the way of a run of so many credits, for the templates; empty where nothing does.

    Who goes on to pay comes back to `return_path`.
    """
    workspace_id = membership.workspace_id
    try:
        member_allowances.require_within(membership, needed=needed, at=timezone.now())
    except AllowanceError as refusal:
        return _context(_wall(refusal), membership=membership, return_path=return_path) | {"credits": balance}
    found = billing.find_paywall(
        workspace_id=workspace_id, needed=needed, balance=balance, role=membership.role, at=timezone.now()
    )
    # The frame shows the balance, too, under this name.
    return _context(found, membership=membership, return_path=return_path) | {"credits": balance}


def of_refusal(refusal: Refusal, *, membership: Membership, return_path: str) -> dict[str, Any]:
    """Return what stood in the way of a run that was refused, for the templates."""
    if isinstance(refusal, AllowanceError):
        return _context(_wall(refusal), membership=membership, return_path=return_path)
    balance = selectors.get_balance(membership.workspace_id)
    if isinstance(refusal, InsufficientCreditsError):
        return of_estimate(membership=membership, needed=refusal.needed, balance=balance, return_path=return_path)
    found = billing.describe_spend_cap(needed=refusal.needed, balance=balance, role=membership.role)
    return _context(found, membership=membership, return_path=return_path)


def _wall(refusal: AllowanceError) -> AllowanceWall:
    return AllowanceWall(refusal.needed, refusal.left, refusal.allowance, is_daily=refusal.is_daily)


def _context(found: Paywall | AllowanceWall | None, *, membership: Membership, return_path: str) -> dict[str, Any]:
    if found is None:
        return {"paywall": None}
    return {
        "paywall": found,
        "so_far": _sum_so_far(membership.workspace_id),
        "return_path": return_path,
    }


def _sum_so_far(workspace_id: UUID) -> SoFar:
    credits, output_tokens = usage.sum_ever(workspace_id)
    return SoFar(credits, output_tokens * WORDS_FOR_FOUR_TOKENS // 4)
