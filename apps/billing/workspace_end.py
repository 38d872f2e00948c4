"""Why a workspace cannot be deleted yet: a plan that would be paid on."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.billing.entitlements import find_live_subscription
from apps.billing.models import Subscription
from apps.core.errors import DomainError


class SubscribedError(DomainError):
    """The plan of the workspace renews."""

    code = "subscribed"
    status = 409
    sentence = _("This workspace has a plan that renews. Cancel it under “Change or cancel” on the billing page first.")


def require_no_renewal(workspace_id: UUID) -> None:
    """Raise SubscribedError if a subscription goes on; one that is canceled to its end does not."""
    subscription = find_live_subscription(workspace_id)
    if subscription is None or subscription.status == Subscription.Status.INCOMPLETE:
        return
    if subscription.cancel_at is None:
        raise SubscribedError
