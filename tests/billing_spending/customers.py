"""What customers of these tests do: start work, use credits, and have rules, plans and mails."""

import uuid
from datetime import UTC, datetime, timedelta

from apps.accounts.models import Membership, Workspace
from apps.billing import ledger, spending
from apps.billing.models import CreditGrant, SpendingRules, Subscription
from apps.core.db import workspace_scope
from apps.core.models import OutgoingMail
from tests.accounts.conftest import new_email, new_user

TOP_UP = {
    "tops_up": True,
    "top_up_pack": "small",
    "top_up_threshold_credits": 500,
    "top_up_monthly_cap_amount": 2000,
}


def give(workspace_id, amount_credits, **more):
    """Bring credits in; nothing if there are none to bring."""
    if amount_credits:
        key = f"test:{uuid.uuid4()}"
        ledger.grant(
            workspace_id=workspace_id, amount_credits=amount_credits, source="staff", idempotency_key=key, **more
        )


def hold(workspace_id, amount_credits, *, key=None):
    """Start work as a generation does: in a transaction of the workspace, within its rules."""
    with workspace_scope(workspace_id):
        return spending.place_hold(
            workspace_id=workspace_id,
            amount_credits=amount_credits,
            idempotency_key=key or f"test:{uuid.uuid4()}",
            ttl_seconds=600,
        )


def spend(workspace_id, amount_credits, *, held=None):
    """Start work and finish it."""
    placed = hold(workspace_id, held or amount_credits)
    ledger.capture(hold_id=placed.id, amount_credits=amount_credits, idempotency_key=f"test:{uuid.uuid4()}")


def set_rules(workspace_id, **rules) -> SpendingRules:
    """Set rules without the page."""
    with workspace_scope(workspace_id):
        return spending.save_rules(workspace_id=workspace_id, actor="test", **rules)


def rules_of(workspace_id) -> SpendingRules:
    return SpendingRules.objects.get(pk=workspace_id)


def subscribe(workspace, plan="pro", **fields) -> Subscription:
    """A subscription as a sync leaves it, without Stripe."""
    now = datetime.now(UTC)
    known = {
        "status": "active",
        "interval": "month",
        "started_at": now - timedelta(days=40),
        "current_period_start": now - timedelta(days=10),
        "current_period_end": now + timedelta(days=20),
        "fetch_ticket": 1,
        "stripe_id": f"sub_{uuid.uuid4().hex}",
    }
    return Subscription.objects.create(workspace=workspace, plan=plan, **known | fields)


def allow_overage(workspace, *, cap: int = 5_000, **fields) -> Subscription:
    """A subscription that Stripe meters, and a customer who allows overage."""
    subscription = subscribe(workspace, **fields)
    set_rules(workspace.pk, overage_cap_credits=cap)
    name = f"{subscription.stripe_id}:{subscription.plan}"
    SpendingRules.objects.filter(pk=workspace.pk).update(overage_metered_for=name)
    return subscription


def list_overage(workspace) -> list[int]:
    """The credits that were granted beyond the balance."""
    return list(CreditGrant.objects.filter(account=workspace.pk, source="overage").values_list("amount", flat=True))


def team(*roles) -> tuple[Workspace, list]:
    """A workspace of several people, one for each role."""
    workspace = Workspace.objects.create(name="Engines", kind=Workspace.Kind.TEAM)
    people = [new_user(new_email(f"{role}-{number}")) for number, role in enumerate(roles)]
    for person, role in zip(people, roles, strict=True):
        Membership.objects.create(workspace=workspace, user=person, role=role)
    return workspace, people


def mails(key: str = "") -> list[OutgoingMail]:
    """The mails whose key begins like this, the oldest first."""
    return list(OutgoingMail.objects.filter(key__startswith=key).order_by("created_at", "pk"))


def subjects(key: str = "") -> list[str]:
    return [mail.subject for mail in mails(key)]
