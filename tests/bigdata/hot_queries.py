"""Every query that customers, staff and jobs send often: what is asked (the real view or job), by name.

A new page or job that reads a table of volume is one line here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.test import Client
from django.utils import timezone

from apps.accounts.tasks import erase_due, sweep_data_exports
from apps.billing import entitlements
from apps.billing import tasks as billing
from apps.core.db import workspace_scope
from apps.core.tasks import sweep_mail
from apps.generation import batch_tasks, leases, limits, quotas, sweeper
from apps.generation import tasks as generation
from apps.generation.usage_address import GROUPS
from apps.generation.usage_tasks import send_usage_summaries
from apps.insights import rolling_up
from apps.insights.models import SORTED
from apps.usage import tasks as usage
from tests.access.staff_rows import READERS


@dataclass(frozen=True)
class World:
    """Who asks: a customer with a long history, and somebody on the staff who may see everything."""

    customer: Client
    staff: Client
    workspace_id: UUID
    user_id: int
    email: str
    generation_id: UUID
    conversation_id: UUID


Ask = Callable[[World], Any]


def page(path: str) -> Ask:
    """A page as the customer sees it."""
    return lambda world: _ok(world.customer.get(path.format(**vars(world))), path)


def staff(path: str) -> Ask:
    """A page as staff see it."""
    return lambda world: _ok(world.staff.get(path.format(**vars(world))), path)


def _ok(answer: Any, path: str) -> Any:
    assert answer.status_code == 200, f"{path} answered {answer.status_code}"
    return answer


def _next_page(path: str) -> Ask:
    return lambda world: staff(f"{path}{staff(path)(world).context['next_url'].replace('?', '&')}")(world)


def _renew(world: World) -> object:
    now = timezone.now()
    lease = leases.Lease(world.generation_id, world.workspace_id, 1, "keel-demo", now)
    return leases._renew([lease])


def _quotas(world: World) -> object:
    with workspace_scope(world.workspace_id):
        return quotas.list_near(world.workspace_id, rights=entitlements.entitlements(world.workspace_id))


def _count_in_postgresql(world: World) -> object:
    with workspace_scope(world.workspace_id):
        rights = entitlements.entitlements(world.workspace_id)
    asked = limits._windows(
        user_id=world.user_id, workspace_id=world.workspace_id, address="203.0.113.7", rights=rights, api_key=None
    )
    return limits._find_full_in_postgresql(asked)


# Usage and costs: also the shared buffers that they touch are compared.
USAGE_AND_COSTS: dict[str, Ask] = {
    "usage": page("/usage/"),
    "usage, 90 days": page("/usage/?period=90-days"),
    **{f"usage by {group}": page(f"/usage/?by={group}") for group in GROUPS},
    "forecast": page("/usage/forecast/"),
    "costs of a month": staff("/insights/"),
    **{f"workspaces by {column}": staff(f"/insights/workspaces/?sort=-{column}") for column in SORTED},
    **{f"users by {column}": staff(f"/insights/users/?sort=-{column}") for column in SORTED},
    "workspaces, the cheapest first": staff("/insights/workspaces/?sort=cost_usd_micros"),
    "workspaces, the next page": _next_page("/insights/workspaces/?sort=-failed_cost_usd_micros"),
    "workspaces found": staff("/insights/workspaces/?q={email}"),
    "users found": staff("/insights/users/?q={email}"),
}
OF_CUSTOMERS: dict[str, Ask] = {
    "history": page("/generations/"),
    "history by status": page("/generations/?status=failed"),
    "history since": page("/generations/?since=2026-01-01"),
    "history, deleted": page("/generations/?view=deleted"),
    "search": page("/generations/?q=harbor"),
    "search for the beginning of a word": page("/generations/?q=har"),
    "generation": page("/generations/{generation_id}/"),
    "conversation": page("/conversations/{conversation_id}/"),
    "composer": page("/generations/new/"),
    "ledger": page("/billing/"),
    "quotas": page("/generations/quotas/"),
}
OF_STAFF: dict[str, Ask] = {
    "overview of staff": staff("/admin/"),
    **{f"list of {label}": staff(f"/admin/{label.replace('.', '/')}/") for label in READERS},
}
OF_JOBS: dict[str, Ask] = {
    "sweeper": lambda world: sweeper.sweep(),
    "keeper": _renew,
    "quotas near": _quotas,
    "limits without Redis": _count_in_postgresql,
    "purge": lambda world: generation.purge_deleted(),
    "retention": lambda world: generation.apply_retention(),
    "alerts": lambda world: generation.watch_generations(),
    "budgets": lambda world: generation.watch_budgets(),
    "summaries of a month": lambda world: send_usage_summaries(),
    "batches": lambda world: batch_tasks.feed_batches(),
    "inbox of Stripe's events": lambda world: billing.sweep_events(),
    "expiry of holds": lambda world: billing.expire_holds(),
    "expiry of grants": lambda world: billing.expire_grants(),
    "low balances": lambda world: billing.notify_low_balances(),
    "top-ups": lambda world: billing.buy_top_ups(),
    "overage": lambda world: billing.report_overage(),
    "outbox": lambda world: sweep_mail(),
    "erasure": lambda world: erase_due(),
    "data exports": lambda world: sweep_data_exports(),
    "totals": lambda world: usage.roll_up_totals(),
    "costs": lambda world: rolling_up.roll_up(now=timezone.now() + timedelta(minutes=1)),
}
HOT = USAGE_AND_COSTS | OF_CUSTOMERS | OF_STAFF | OF_JOBS
