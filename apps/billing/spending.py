"""What a customer allows to be spent: the rules of a workspace, and a hold only within them.

The row of the rules is the lock under which caps are counted. It is taken before the credit account, always.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.billing import ledger, notices, overage
from apps.billing.answers import PlacedHold
from apps.billing.entitlements import Entitlements, entitlements
from apps.billing.models import CreditAccount, LedgerEntry, SpendingRules, TopUp
from apps.core import audit
from apps.core.db import system_scope
from apps.core.errors import DomainError

NEAR_PERCENT = 80
# How many top-ups the page lists.
TOP_UPS_SHOWN = 5
# Why top-ups stand still or one has failed, as people read it. Banks have more words than these; most mean "declined".
REASONS: dict[str, str | Promise] = {
    "no_card": _("There is no saved card to charge."),
    "pack_gone": _("The pack is no longer sold. Choose another one."),
    "never_charged": _("Our payment service did not answer for a day."),
    "authentication_required": _("The bank wants you to confirm the payment, which only you can do."),
    "expired_card": _("The card has expired."),
    "insufficient_funds": _("The card has not enough money."),
}
DECLINED = _("The card was declined.")
# A pause that ends by itself; the month follows, for example "capped:2026-11".
CAPPED = "capped:"


class SpendCapError(DomainError):
    """The month's spend cap, set by the customer, does not allow this."""

    code = "spend_cap"
    status = 402
    sentence = _(
        "This would go beyond the monthly spend cap of this workspace. An owner or admin can raise it under “Spending"
        " rules” on the billing page; a new month starts on the first (UTC)."
    )

    def __init__(self, *, cap: int, spent: int, needed: int) -> None:
        super().__init__()
        self.cap, self.spent, self.needed = cap, spent, needed


@dataclass(frozen=True)
class Situation:
    """The rules of a workspace, and how far what they cap has come. Credits, and money in minor units."""

    rules: SpendingRules
    entitlements: Entitlements
    spent_credits: int
    topped_up_amount: int
    overage_credits: int
    top_ups: list[TopUp]

    @property
    def offers_overage(self) -> bool:
        """Whether the plan sells credits beyond the balance."""
        return overage.is_offered(self.entitlements)

    @property
    def paused_because(self) -> str | Promise:
        """Why top-ups stand still; empty while they work."""
        return explain(self.rules.top_up_paused_reason) if self.rules.top_up_paused_reason else ""


def place_hold(
    *, workspace_id: UUID, amount_credits: int, idempotency_key: str, ttl_seconds: int, hold_id: UUID | None = None
) -> PlacedHold:
    """Reserve credits as `ledger.place_hold` does, within the spend cap, and with overage where that is allowed.

    Call it last in a transaction. Raises SpendCapError, and what `ledger.place_hold` raises.
    """
    rules = require_within_cap(workspace_id=workspace_id, amount_credits=amount_credits)
    hold = {
        "hold_id": hold_id,
        "workspace_id": workspace_id,
        "amount_credits": amount_credits,
        "idempotency_key": idempotency_key,
        "ttl_seconds": ttl_seconds,
    }
    try:
        return ledger.place_hold(**hold)  # type: ignore[arg-type]
    except ledger.InsufficientCreditsError as shortage:
        # The refusal has locked the account: what is missing cannot change before the second try.
        if rules is None or not overage.cover_shortage(shortage, rules=rules, idempotency_key=idempotency_key):
            raise
    return ledger.place_hold(**hold)  # type: ignore[arg-type]


def require_within_cap(*, workspace_id: UUID, amount_credits: int) -> SpendingRules | None:
    """Lock the rules of a workspace until the transaction ends, and return them; None if it has set none.

    Raises SpendCapError if this month's captures, the open holds and this amount are more than the cap.
    """
    rules = SpendingRules.objects.select_for_update(of=("self",)).filter(pk=workspace_id).first()
    if rules is not None and rules.monthly_cap_credits is not None:
        # After the lock, in a statement of its own: it sees what others have held before they let go.
        spent, held = count_spent(workspace_id, at=timezone.now())
        if spent + held + amount_credits > rules.monthly_cap_credits:
            raise SpendCapError(cap=rules.monthly_cap_credits, spent=spent + held, needed=amount_credits)
    return rules


def count_spent(workspace_id: UUID, *, at: datetime) -> tuple[int, int]:
    """Return the credits captured in the month (UTC) of a moment, and those held now. One statement.

    In two, a hold that is captured in between would be counted by neither.
    """
    captured = LedgerEntry.objects.filter(
        account_id=OuterRef("pk"), kind=LedgerEntry.Kind.CAPTURE, created_at__gte=month_start(at)
    )
    total = captured.order_by().values("account_id").annotate(total=Sum("amount")).values("total")
    counted = CreditAccount.objects.filter(pk=workspace_id).values_list(
        Coalesce(Subquery(total, output_field=BigIntegerField()), 0), "held"
    )
    spent, held = counted.first() or (0, 0)
    return -spent, held


def look_up(workspace_id: UUID, *, at: datetime) -> Situation:
    """Return the rules of a workspace (as they hold without a row, if it has none) and how far it has come."""
    rules = SpendingRules.objects.filter(pk=workspace_id).first() or SpendingRules(workspace_id=workspace_id)
    entitled = entitlements(workspace_id, at=at)
    top_ups = TopUp.objects.filter(workspace_id=workspace_id).order_by("-created_at")
    return Situation(
        rules=rules,
        entitlements=entitled,
        spent_credits=count_spent(workspace_id, at=at)[0],
        topped_up_amount=count_topped_up(workspace_id, at=at),
        overage_credits=overage.count_used(entitled.subscription) if entitled.subscription else 0,
        top_ups=list(top_ups[:TOP_UPS_SHOWN]),
    )


def count_topped_up(workspace_id: UUID, *, at: datetime) -> int:
    """Return what top-ups of the month (UTC) cost, those under way too, in minor units."""
    top_ups = TopUp.objects.filter(workspace_id=workspace_id, created_at__gte=month_start(at))
    counted = top_ups.exclude(status=TopUp.Status.FAILED).aggregate(total=Sum("price_amount"))
    return counted["total"] or 0


def save_rules(*, workspace_id: UUID, actor: str, **wanted: Any) -> SpendingRules:
    """Set rules of a workspace, with an audit entry of what changed; top-ups that stood still go on.

    Call it in a transaction, after `require_buyer`.
    """
    SpendingRules.objects.get_or_create(workspace_id=workspace_id)
    rules = SpendingRules.objects.select_for_update(of=("self",)).get(pk=workspace_id)
    if wanted.get("tops_up"):
        wanted["top_up_paused_reason"] = ""
    changes = {name: [getattr(rules, name), value] for name, value in wanted.items() if getattr(rules, name) != value}
    if changes:
        for name, value in wanted.items():
            setattr(rules, name, value)
        rules.save(update_fields=[*changes, "updated_at"])
        audit.record(actor=actor, action="spending_rules_changed", subject=f"workspace:{workspace_id}", **changes)
    return rules


def note_failed_top_up(top_up: TopUp) -> None:
    """Let top-ups stand still after one has failed, and say so, in the transaction that has ended it."""
    SpendingRules.objects.filter(pk=top_up.workspace_id).update(
        top_up_paused_reason=top_up.error[:40] or "declined", updated_at=timezone.now()
    )
    notices.send_top_up_failed(top_up, reason=str(explain(top_up.error)))


def explain(reason: str) -> str | Promise:
    """Return why a top-up failed, or why they stand still, for people."""
    if reason.startswith(CAPPED):
        return _("Another one would cost more than this month's cap. They go on when the next month begins (UTC).")
    return REASONS.get(reason, DECLINED)


def notify_caps(*, at: datetime | None = None) -> int:
    """Queue the mails for caps that are near or reached, each once in a month; return how many workspaces were meant.

    Many workspaces have no cap, so those that have one are few enough to be looked at every time.
    """
    at = at or timezone.now()
    with system_scope():
        capped = SpendingRules.objects.filter(monthly_cap_credits__gt=0).order_by("pk")
        caps = list(capped.values_list("pk", "monthly_cap_credits"))
    return sum(_notify(workspace_id, cap=cap or 0, at=at) for workspace_id, cap in caps)


def month_start(at: datetime) -> datetime:
    """Return when the month (UTC) of a moment began."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _notify(workspace_id: UUID, *, cap: int, at: datetime) -> bool:
    with system_scope():
        spent, _held = count_spent(workspace_id, at=at)
        if spent * 100 < cap * NEAR_PERCENT:
            return False
        notices.send_spend_cap(
            workspace_id=workspace_id,
            percent=100 if spent >= cap else NEAR_PERCENT,
            spent_credits=spent,
            cap_credits=cap,
            month=f"{month_start(at):%Y-%m}",
        )
    return True
