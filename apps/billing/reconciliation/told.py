"""What Stripe says about a span of time, asked for in one go and without a transaction."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.billing import payments, stripe_client, stripe_records, sync_plans
from apps.billing.models import Customer, OverageReport, Payment
from apps.billing.stripe_records import Paid, walk_all, within
from apps.core.db import system_scope

# A span without an end reaches this far, whatever Stripe's clock says.
OPEN_END = timedelta(days=366)


@dataclass(frozen=True)
class Returned:
    """What became of a payment: minor units that were refunded and that are disputed, and how the dispute stands."""

    refunded: int
    disputed: int
    dispute_status: str


@dataclass(frozen=True)
class Told:
    """Stripe's side. A payment of ours that Stripe does not call paid is None among `paid`."""

    paid: dict[str, Paid | None]
    workspaces: dict[str, UUID]
    returned: dict[str, Returned]
    subscriptions: list[dict[str, Any]]
    metered: dict[UUID, int]


def ask_stripe(*, since: datetime, until: datetime | None) -> Told:
    """Return what Stripe says now about what was made within a span. Raises what `stripe_client.ask` does."""
    listed = list(stripe_records.list_paid(since=since, until=until))
    workspaces = stripe_records.find_workspaces(listed)
    paid: dict[str, Paid | None] = {each.source_key: each for each in listed if each.source_key in workspaces}
    return Told(
        # Some were made before the span and paid within it.
        paid=paid | {each.source_key: stripe_records.find_paid(each) for each in _list_others(paid, since, until)},
        workspaces=workspaces,
        returned={intent_id: _find_returned(intent_id) for intent_id in _list_returned(since, until)},
        subscriptions=list(walk_all(lambda v1, page: v1.subscriptions.list(page))),
        metered=_find_metered(since, until),
    )


def payments_within(since: datetime, until: datetime | None) -> QuerySet[Payment]:
    """Return our payments of a span."""
    return Payment.objects.filter(Q(paid_at__gte=since) & (Q(paid_at__lt=until) if until else Q()))


def overage_within(since: datetime, until: datetime | None) -> QuerySet[OverageReport]:
    """Return the credits beyond a balance that we have reported to Stripe's meter in a span."""
    reported = OverageReport.objects.filter(reported_at__gte=since)
    return reported.filter(reported_at__lt=until) if until else reported


def _list_others(paid: Iterable[str], since: datetime, until: datetime | None) -> list[Payment]:
    with system_scope():
        return list(payments_within(since, until).exclude(source_key__in=list(paid)))


def _list_returned(since: datetime, until: datetime | None) -> list[str]:
    """Return the payments of ours that Stripe or we say were refunded or disputed."""
    created = within(since=since, until=until)
    told = {refund["payment_intent"] for refund in walk_all(lambda v1, page: v1.refunds.list(page | created))}
    told |= {dispute["payment_intent"] for dispute in walk_all(lambda v1, page: v1.disputes.list(page | created))}
    touched = Q(amount_refunded__gt=0) | ~Q(dispute_status=Payment.DisputeStatus.NONE)
    with system_scope():
        ours = payments_within(since, until).filter(touched) | Payment.objects.filter(
            stripe_payment_intent_id__in=told - {None}
        )
        return [intent_id for intent_id in ours.values_list("stripe_payment_intent_id", flat=True) if intent_id]


def _find_returned(intent_id: str) -> Returned:
    intent = stripe_client.ask(lambda v1: v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]}))
    disputes = list(walk_all(lambda v1, page: v1.disputes.list(page | {"payment_intent": intent_id})))
    standing = [dispute for dispute in disputes if dispute["status"] in {*payments.OPEN_DISPUTES, "lost"}]
    charge = intent.get("latest_charge") or {}
    return Returned(
        refunded=charge.get("amount_refunded") or 0,
        disputed=sum(dispute["amount"] for dispute in standing),
        dispute_status=_dispute_status({dispute["status"] for dispute in disputes}),
    )


def _dispute_status(statuses: set[str]) -> str:
    """Return how the disputes of a payment stand together: an open one first, then a lost one."""
    if statuses & payments.OPEN_DISPUTES:
        return Payment.DisputeStatus.OPEN
    of_ended = (Payment.DisputeStatus.LOST, Payment.DisputeStatus.WON)
    return next((status for status in of_ended if status in statuses), Payment.DisputeStatus.NONE)


def _find_metered(since: datetime, until: datetime | None) -> dict[UUID, int]:
    """Return the credits that Stripe's meter has counted, for each workspace that we have reported some of."""
    with system_scope():
        whose = overage_within(since, until).values("workspace")
        customers = list(Customer.objects.filter(workspace__in=whose).values_list("pk", "stripe_id"))
    meter = sync_plans.find_meter() if customers else None
    if meter is None:
        return {}
    end = until or timezone.now() + OPEN_END
    # Whole minutes, as Stripe wants them.
    span = {"start_time": int(since.timestamp()) // 60 * 60, "end_time": int(end.timestamp()) // 60 * 60}
    return dict(_sum_metered(customers, meter_id=meter["id"], span=span))


def _sum_metered(
    customers: list[tuple[UUID, str]], *, meter_id: str, span: dict[str, int]
) -> Iterator[tuple[UUID, int]]:
    for workspace_id, customer_id in customers:
        summaries = walk_all(
            lambda v1, page, more=span | {"customer": customer_id}: v1.billing.meters.event_summaries.list(
                meter_id, page | more
            )
        )
        yield workspace_id, int(sum(summary["aggregated_value"] for summary in summaries))
