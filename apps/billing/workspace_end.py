"""What a plan means for a workspace that is to end: a team is not deleted under it, and a person's ends with them."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts import selectors
from apps.billing import stripe_client, subscriptions
from apps.billing.entitlements import find_live_subscription
from apps.billing.models import Subscription
from apps.core.db import system_scope
from apps.core.errors import DomainError

logger = structlog.get_logger(__name__)

# Those that would ask for money again.
RENEWING = [status for status in Subscription.LIVE if status != Subscription.Status.INCOMPLETE]


class SubscribedError(DomainError):
    """The plan of the workspace renews."""

    code = "subscribed"
    status = 409
    sentence = gettext_lazy(
        "This workspace has a plan that renews. Cancel it under “Change or cancel” on the billing page first."
    )


def require_no_renewal(workspace_id: UUID) -> None:
    """Raise SubscribedError if a subscription goes on; one that is canceled to its end does not."""
    subscription = find_live_subscription(workspace_id)
    if subscription is None or subscription.status == Subscription.Status.INCOMPLETE:
        return
    if subscription.cancel_at is None:
        raise SubscribedError


def tell_end(workspace_id: UUID) -> Sequence[str]:
    """Say what becomes of a workspace's plan when its last person leaves. Within its scope."""
    subscription = find_live_subscription(workspace_id)
    if subscription is None:
        return []
    until = date_format(subscription.cancel_at or subscription.current_period_end, "DATE_FORMAT")
    return [_("The plan is canceled: it ends on %(date)s, and nothing more is charged.") % {"date": until}]


def follow_people() -> None:
    """Let subscriptions end where everybody is leaving, and go on again where somebody has stayed after all.

    Each is one call to Stripe, outside of a transaction, that says how it shall be: safe to repeat, and repeated until
    it was answered.
    """
    with system_scope():
        ending = selectors.list_ending().values("pk")
        live = Subscription.objects.filter(status__in=RENEWING)
        to_end = list(live.filter(workspace__in=ending, cancel_at=None).values_list("stripe_id", flat=True))
        kept = Subscription.objects.filter(ends_with_workspace=True, workspace__erased_at=None)
        to_keep = list(kept.exclude(workspace__in=ending).values_list("stripe_id", flat=True))
    for stripe_id in to_end:
        _set_ending(stripe_id, is_ending=True)
    for stripe_id in to_keep:
        _set_ending(stripe_id, is_ending=False)


def _set_ending(stripe_id: str, *, is_ending: bool) -> None:
    mine = Subscription.objects.filter(stripe_id=stripe_id)
    try:
        if is_ending:
            # Noted before Stripe is asked: what we have ended is never left ended.
            with system_scope():
                mine.update(ends_with_workspace=True)
        _tell_stripe(stripe_id, is_ending=is_ending)
        subscriptions.sync_subscription(stripe_id)
    except stripe_client.ObjectNotFoundError:
        logger.info("subscription_is_gone", stripe_id=stripe_id)
    except DomainError as error:
        # Asked again by the next round; the others do not wait for it.
        logger.warning("subscription_not_changed", stripe_id=stripe_id, is_ending=is_ending, error=str(error))
        return
    if not is_ending:
        with system_scope():
            mine.update(ends_with_workspace=False)


def _tell_stripe(stripe_id: str, *, is_ending: bool) -> None:
    with system_scope():
        is_live = Subscription.objects.filter(stripe_id=stripe_id, status__in=Subscription.LIVE).exists()
    if is_live:
        stripe_client.ask(lambda v1: v1.subscriptions.update(stripe_id, {"cancel_at_period_end": is_ending}))
