"""The seats of the plan, written where accounts counts people: it does not know plans."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.signals import post_save
from django.dispatch import receiver

from apps.accounts.models import Workspace
from apps.billing.catalogue import load_catalogue
from apps.billing.entitlements import entitlements
from apps.billing.models import Subscription
from apps.core.db import system_scope

SEATS_BY_DEFAULT = Workspace._meta.get_field("seat_limit").default


def write_seats(workspace_id: UUID) -> bool:
    """Write how many people a workspace's plan is for now, within a scope; return whether that has changed.

    Nobody is removed by a smaller plan: accounts lets nobody new in.
    """
    seats = entitlements(workspace_id).limits.seats
    is_other = Q(seat_limit__isnull=False) if seats is None else Q(seat_limit=None) | ~Q(seat_limit=seats)
    return bool(Workspace.objects.filter(is_other, pk=workspace_id).update(seat_limit=seats))


def write_all_seats() -> int:
    """Write the seats of every workspace whose plan may have changed without a word from Stripe; return how many had.

    A grace that has run out, and a catalogue with other numbers.
    """
    free = load_catalogue().get_free_plan().limits.seats
    with system_scope():
        subscribed = Subscription.objects.filter(status__in=Subscription.LIVE).values_list("workspace_id", flat=True)
        usual = Q(seat_limit__isnull=True) if free is None else Q(seat_limit=free)
        others = Workspace.objects.exclude(usual).values_list("pk", flat=True)
        workspace_ids = {*subscribed, *others}
    return sum(_write_one(workspace_id) for workspace_id in sorted(workspace_ids))


@receiver(post_save, sender=Workspace)
def write_first_seats(instance: Workspace, created: bool, **later: Any) -> None:
    """Give a new workspace the seats of the free plan, where it has got the column's default."""
    seats = load_catalogue().get_free_plan().limits.seats
    if created and instance.seat_limit == SEATS_BY_DEFAULT != seats:
        Workspace.objects.filter(pk=instance.pk).update(seat_limit=seats)


def _write_one(workspace_id: UUID) -> bool:
    with system_scope():
        return write_seats(workspace_id)
