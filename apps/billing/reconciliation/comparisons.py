"""Where Stripe's side and ours differ, one line each. Reads only; within a scope."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from apps.billing import payments, subscriptions
from apps.billing.models import Customer, LedgerEntry, Payment, Subscription
from apps.billing.money import format_money
from apps.billing.reconciliation.told import Returned, Told, overage_within, payments_within

NOTHING = "nothing"


class Kind(models.TextChoices):
    """What a difference is about."""

    PAYMENT = "payment", _("Payment")
    REFUND = "refund", _("Refund")
    DISPUTE = "dispute", _("Dispute")
    CREDITS = "credits", _("Credits taken back")
    SUBSCRIPTION = "subscription", _("Subscription")
    OVERAGE = "overage", _("Overage")
    LEDGER = "ledger", _("Ledger")


class Difference(NamedTuple):
    """One difference: whose it is, which object of Stripe's, and the two values as text."""

    kind: str
    stripe_id: str
    workspace: str
    stripe_value: str
    our_value: str


def compare(told: Told, *, since: datetime, until: datetime | None) -> Iterator[Difference]:
    """Yield every difference between what Stripe told and our rows. Call it in a scope."""
    yield from _compare_paid(told)
    yield from _compare_returned(told.returned)
    yield from _compare_subscriptions(told)
    yield from _compare_metered(told.metered, since=since, until=until)
    for payment in payments_within(since, until).select_related("grant_entry"):
        yield from _compare_ledger(payment)


def _compare_paid(told: Told) -> Iterator[Difference]:
    ours = {payment.source_key: payment for payment in Payment.objects.filter(source_key__in=list(told.paid))}
    for source_key, paid in told.paid.items():
        payment = ours.get(source_key)
        stripe_value = format_money(paid.amount, paid.currency) if paid else NOTHING
        our_value = format_money(payment.amount, payment.currency) if payment else NOTHING
        workspace_id = payment.workspace_id if payment else told.workspaces[source_key]
        if stripe_value != our_value:
            stripe_id = paid.stripe_id if paid else source_key.partition(":")[2]
            yield Difference(Kind.PAYMENT, stripe_id, str(workspace_id), stripe_value, our_value)
        elif told.workspaces.get(source_key, workspace_id) != workspace_id:
            owner = told.workspaces[source_key]
            yield Difference(Kind.PAYMENT, source_key, str(workspace_id), f"of {owner}", f"of {workspace_id}")


def _compare_returned(returned: dict[str, Returned]) -> Iterator[Difference]:
    ours = Payment.objects.filter(stripe_payment_intent_id__in=list(returned)).select_related("grant_entry")
    for payment in ours:
        intent_id = payment.stripe_payment_intent_id or ""
        told, whose = returned[intent_id], str(payment.workspace_id)
        if told.refunded != payment.amount_refunded:
            theirs, known = _money(told.refunded, payment), _money(payment.amount_refunded, payment)
            yield Difference(Kind.REFUND, intent_id, whose, theirs, known)
        if (told.disputed, told.dispute_status) != (payment.amount_disputed, payment.dispute_status):
            theirs = f"{_money(told.disputed, payment)} {told.dispute_status}"
            known = f"{_money(payment.amount_disputed, payment)} {payment.dispute_status}"
            yield Difference(Kind.DISPUTE, intent_id, whose, theirs, known)
        wanted = _credits_to_take_back(payment, told)
        if wanted != payment.credits_taken_back:
            yield Difference(Kind.CREDITS, intent_id, whose, str(wanted), str(payment.credits_taken_back))


def _money(amount: int, payment: Payment) -> str:
    return format_money(amount, payment.currency)


def _credits_to_take_back(payment: Payment, told: Returned) -> int:
    """Return what should have been taken back, as far as it was still there."""
    wanted = payments.credits_to_take_back(payment, amount=told.refunded + told.disputed)
    return min(wanted, payment.credits_taken_back + payments.standing_credits(payment))


def _compare_subscriptions(told: Told) -> Iterator[Difference]:
    customers = {each["customer"] for each in told.subscriptions}
    owners = dict(Customer.objects.filter(stripe_id__in=customers).values_list("stripe_id", "workspace_id"))
    theirs = {
        each["id"]: (_subscription_value(each), owners[each["customer"]])
        for each in told.subscriptions
        if each["customer"] in owners and each["status"] in Subscription.LIVE
    }
    ours = {each.stripe_id: each for each in Subscription.objects.filter(status__in=Subscription.LIVE)}
    for stripe_id in theirs.keys() | ours.keys():
        known = ours.get(stripe_id)
        our_value = f"{known.status} {known.plan}" if known else NOTHING
        value, workspace_id = theirs.get(stripe_id, (NOTHING, known.workspace_id if known else None))
        if value != our_value:
            yield Difference(Kind.SUBSCRIPTION, stripe_id, str(workspace_id), value, our_value)


def _subscription_value(told: dict[str, str]) -> str:
    try:
        return f"{told['status']} {subscriptions.plan_of(told)[1]}"
    except subscriptions.UnknownPlanError:
        return f"{told['status']} without a plan of ours"


def _compare_metered(metered: dict[UUID, int], *, since: datetime, until: datetime | None) -> Iterator[Difference]:
    reports = overage_within(since, until).values("workspace").annotate(sum=Sum("credits")).order_by("workspace")
    for workspace_id, credits in reports.values_list("workspace", "sum"):
        if (told := metered.get(workspace_id, 0)) != credits:
            yield Difference(Kind.OVERAGE, "overage", str(workspace_id), f"{told} credits", f"{credits} credits")


def _compare_ledger(payment: Payment) -> Iterator[Difference]:
    """Compare what a payment says that it granted and took back with the entries themselves."""
    granted = payment.grant_entry.amount if payment.grant_entry else 0
    if granted != max(payment.credits, 0):
        yield Difference(Kind.LEDGER, payment.source_key, str(payment.workspace_id), str(payment.credits), str(granted))
    if not payment.correction_count:
        return
    keys = [f"payment:{payment.pk}:correction:{number}" for number in range(1, payment.correction_count + 1)]
    entries = LedgerEntry.objects.filter(account=payment.workspace_id, idempotency_key__in=keys)
    moved = -(entries.aggregate(sum=Sum("amount"))["sum"] or 0)
    if moved != payment.credits_taken_back:
        whose = str(payment.workspace_id)
        yield Difference(Kind.LEDGER, payment.source_key, whose, str(payment.credits_taken_back), str(moved))
