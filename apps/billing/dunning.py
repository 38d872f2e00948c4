"""What happens to a plan by time and not by an event: a grace that ends, a trial that will. Each is mailed once.

Limits need nothing of this: `entitlements` reads the clock itself.
"""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from apps.billing import notices
from apps.billing.catalogue import load_catalogue
from apps.billing.models import Subscription
from apps.core.db import system_scope

TRIAL_NOTICE = timedelta(days=3)
# A grace that ended longer ago is no news: whoever was told is found again on each of these days, and told once.
TOLD_WITHIN = timedelta(days=7)


def notify_plans(*, now: datetime | None = None) -> int:
    """Queue the mails for trials that end soon and graces that have ended; return how many plans were meant."""
    now = now or timezone.now()
    with system_scope():
        trials = list(_list_ending_trials(now))
        overdue = list(_list_ended_graces(now))
        for subscription in trials:
            notices.send_trial_ends_soon(subscription)
        for subscription in overdue:
            notices.send_grace_ended(subscription)
    return len(trials) + len(overdue)


def _list_ending_trials(now: datetime) -> QuerySet[Subscription]:
    return Subscription.objects.filter(
        status=Subscription.Status.TRIALING, trial_end__gt=now, trial_end__lte=now + TRIAL_NOTICE
    )


def _list_ended_graces(now: datetime) -> QuerySet[Subscription]:
    ended = now - timedelta(days=load_catalogue().rules.grace_days)
    overdue = [Subscription.Status.PAST_DUE, Subscription.Status.UNPAID]
    return Subscription.objects.filter(
        status__in=overdue, past_due_since__lte=ended, past_due_since__gt=ended - TOLD_WITHIN
    )
