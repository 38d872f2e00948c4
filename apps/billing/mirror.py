"""Rows that repeat Stripe's objects: the latest answer stays, in whatever order answers are written."""

from copy import copy
from typing import Any, TypeVar

from apps.billing.models import Invoice, Subscription

Row = TypeVar("Row", Invoice, Subscription)


def write_down(
    model: type[Row], *, known: dict[str, Any], fields: dict[str, Any]
) -> tuple[Row, Row | None] | tuple[None, None]:
    """Write an answer of Stripe's in this transaction; return the row as it is and as it was, if there was one.

    `known` never changes: the workspace and Stripe's id. `fields` has the ticket that was taken before Stripe was
    asked: if a later one is written already, nothing is written, and there is nothing to return.
    """
    before = model.objects.select_for_update().filter(stripe_id=known["stripe_id"]).first()
    if before is None:
        row, is_new = model.objects.get_or_create(stripe_id=known["stripe_id"], defaults=known | fields)
        if is_new:
            return row, None
        # Somebody else wrote the first answer between the two questions.
        before = model.objects.select_for_update().get(pk=row.pk)
    if before.fetch_ticket >= fields["fetch_ticket"]:
        return None, None
    row = copy(before)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=fields)
    return row, before
