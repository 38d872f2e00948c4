"""Credits that come, are held and go; and who was told that they run low."""

import uuid

from apps.billing import ledger
from apps.core.models import OutgoingMail


def give(workspace, amount, **more) -> None:
    key = str(uuid.uuid4())
    ledger.grant(workspace_id=workspace.pk, amount_credits=amount, source="staff", idempotency_key=key, **more)


def hold(workspace, amount):
    return ledger.place_hold(
        workspace_id=workspace.pk, amount_credits=amount, ttl_seconds=600, idempotency_key=str(uuid.uuid4())
    )


def spend(workspace, amount, *, held: int = 0) -> None:
    placed = hold(workspace, held or amount)
    ledger.capture(hold_id=placed.id, amount_credits=amount, idempotency_key=str(uuid.uuid4()))


def told() -> list[str]:
    return sorted(mail.to for mail in OutgoingMail.objects.filter(key__startswith="low-balance:"))
