"""Steps of the tests of plans: a workspace with a plan, its usage, and small limits."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from apps.accounts.models import Workspace
from apps.billing.catalogue import load_catalogue
from apps.billing.models import Subscription
from apps.core.ids import uuid7
from apps.generation import services
from apps.generation.models import Generation
from apps.usage.models import DailyUsage
from tests.plans import write_plans


def allow(settings: Any, **limits: dict[str, Any]) -> None:
    """Give plans these limits, by slug; the free one has none unless it is named."""
    settings.PLANS_FILE = write_plans(Path(settings.PLANS_FILE), **limits)
    load_catalogue.cache_clear()


def subscribe(workspace: Workspace, *, plan: str = "pro", status: str = "active", **columns: Any) -> Subscription:
    """Write a subscription as Stripe would have told it."""
    now = timezone.now()
    period = {"started_at": now, "current_period_start": now, "current_period_end": now + timedelta(days=30)}
    return Subscription.objects.create(
        workspace=workspace,
        stripe_id=f"sub_{uuid7()}",
        status=status,
        plan=plan,
        interval="month",
        fetch_ticket=1,
        **(period | columns),
    )


def use(workspace: Workspace, *, tokens: int = 0, cost_usd_micros: int = 0, days_ago: int = 0) -> None:
    """Write what the settling of earlier generations would have added up."""
    counts = {"records": 1, "input_tokens": tokens, "cached_input_tokens": 0, "output_tokens": 0}
    DailyUsage.objects.create(
        workspace=workspace,
        day=timezone.now().date() - timedelta(days=days_ago),
        model="keel-demo",
        charged_credits=0,
        cost_usd_micros=cost_usd_micros,
        **counts,
    )


def end(generation: Generation) -> None:
    """Stop a generation before a worker has come."""

    services.cancel_generation(generation)
