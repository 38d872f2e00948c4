"""What the pricing page sells, and how its reader stands with it."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.access import find_membership
from apps.accounts.models import User
from apps.billing import offers, stripe_client
from apps.billing.buyers import can_buy
from apps.billing.catalogue import MONTHS, Catalogue, load_catalogue
from apps.billing.entitlements import find_live_subscription
from apps.billing.money import format_money
from apps.billing.summary import had_subscription
from apps.core.db import workspace_scope


def list_offers(*, interval: str) -> dict[str, Any]:
    """Return everything for sale and the rules of its credits, from the catalogue; `interval` is shown first."""
    catalogue = load_catalogue()
    plans = offers.list_plan_offers(catalogue)
    return {
        "is_selling": stripe_client.is_configured(),
        "plans": plans,
        "packs": offers.list_pack_offers(catalogue),
        "limit_rows": offers.compare_limits(catalogue),
        "rules": catalogue.rules,
        "allowance_credits": catalogue.get_free_plan().monthly_allowance_credits,
        "free_amount": format_money(0, catalogue.currency),
        "has_years": any("year" in offer.plan.prices for offer in plans),
        "interval": interval if interval in MONTHS else "month",
    } | _overage(catalogue)


def find_standing(request: HttpRequest) -> dict[str, Any]:
    """Return which plan a reader has and whether they may buy. No query for who is not logged in, else three."""
    if not isinstance(request.user, User):
        return {"current_plan": ""}
    membership = find_membership(request)
    if membership is None:
        return {"current_plan": "", "can_buy": True}
    with workspace_scope(membership.workspace_id):
        live = find_live_subscription(membership.workspace_id)
        had_one = live is not None or had_subscription(membership.workspace_id)
    return {
        "current_plan": live.plan if live else "free",
        "has_subscription": live is not None,
        "had_subscription": had_one,
        "can_buy": can_buy(membership.role),
        "return_path": reverse("pages:pricing"),
    }


def _overage(catalogue: Catalogue) -> dict[str, Any]:
    plan = next((plan for plan in catalogue.plans if plan.overage), None)
    if plan is None or plan.overage is None:
        return {"overage": None}
    return {"overage": plan, "overage_price": format_money(plan.overage.price, catalogue.currency)}
