"""Workspaces as Stripe's customers: made at the first checkout, once."""

import json
from hashlib import sha256
from uuid import UUID

from apps.accounts.models import Workspace
from apps.billing import stripe_client
from apps.billing.models import Customer
from apps.core.db import workspace_scope


def ensure_customer(workspace: Workspace, *, email: str) -> str:
    """Return Stripe's id of a workspace, which is made known to Stripe when it buys for the first time.

    The workspace names the request, so that two at once, or one that was cut off, make one customer. Raises
    StripeUnavailableError or StripeRefusedError.
    """
    with workspace_scope(workspace.pk):
        known = find_customer_id(workspace.pk)
    if known:
        return known
    options = {"email": email, "name": workspace.name, "metadata": {"workspace_id": str(workspace.pk)}}
    key = f"customer:{workspace.pk}:{sha256(json.dumps(options).encode()).hexdigest()}"
    made = stripe_client.ask(lambda v1: v1.customers.create(options, {"idempotency_key": key}))
    with workspace_scope(workspace.pk):
        Customer.objects.bulk_create([Customer(workspace=workspace, stripe_id=made["id"])], ignore_conflicts=True)
        return Customer.objects.get(pk=workspace.pk).stripe_id


def find_customer_id(workspace_id: UUID) -> str | None:
    """Return Stripe's id of a workspace; None if it never bought."""
    return Customer.objects.filter(pk=workspace_id).values_list("stripe_id", flat=True).first()


def find_workspace_id(stripe_customer_id: str | None) -> UUID | None:
    """Return the workspace that a customer of Stripe's belongs to, within a scope; None if it is none of ours."""
    return Customer.objects.filter(stripe_id=stripe_customer_id or "").values_list("workspace_id", flat=True).first()
