"""A customer of the tests: buys and subscribes on Stripe's pages; whether we hear of it is up to the test."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.accounts.models import User, Workspace
from apps.billing import checkout, events, selectors, stripe_client
from apps.billing.models import CheckoutSession, Payment, TopUp, WebhookEvent
from tests.stripe import StandIn


@dataclass
class Shopper:
    """One person with one workspace."""

    stripe: StandIn
    user: User
    workspace: Workspace

    @property
    def balance(self) -> int:
        """The credits that the workspace has."""
        return selectors.get_balance(self.workspace.pk).balance

    @property
    def debt(self) -> int:
        """The credits that were spent and then taken back."""
        return selectors.get_balance(self.workspace.pk).debt

    def pay_pack(self, pack: str = "small", *, outcome: str = "success") -> CheckoutSession:
        """Pay a pack on Stripe's page, without our hearing of it."""
        session = checkout.start_pack_checkout(
            user=self.user, workspace=self.workspace, pack=pack, idempotency_key=str(uuid.uuid4()), return_path=""
        )
        self.stripe.complete_checkout(session.url, outcome=outcome)
        return session

    def buy_pack(self, pack: str = "small") -> Payment:
        """Buy a pack, and come back to the page that knows."""
        session = self.pay_pack(pack)
        checkout.sync_session(session.stripe_id or "")
        return Payment.objects.get(source_key=f"checkout:{session.stripe_id}")

    def pay_top_up(self) -> TopUp:
        """Have the card of a first purchase charged for a top-up, without our hearing how it ended."""
        self.buy_pack("small")
        top_up = TopUp.objects.create(
            workspace=self.workspace, pack="small", price_amount=500, currency="usd", credits=5_000
        )
        customer = self.workspace.stripe_customer.stripe_id
        cards = self.stripe.client.v1.payment_methods.list({"customer": customer}).data
        self.stripe.client.v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "customer": customer,
                "payment_method": cards[0].id,
                "off_session": True,
                "confirm": True,
                "metadata": {"top_up_id": str(top_up.pk)},
            }
        )
        return top_up

    def subscribe(self, plan: str = "pro", *, interval: str = "month") -> CheckoutSession:
        """Subscribe on Stripe's page, without our hearing of it."""
        session = checkout.start_plan_checkout(
            user=self.user,
            workspace=self.workspace,
            plan=plan,
            interval=interval,
            idempotency_key=str(uuid.uuid4()),
            return_path="",
        )
        self.stripe.complete_checkout(session.url)
        return session

    def hear_everything(self) -> None:
        """Have every event of Stripe's delivered and processed, once more if it was before."""
        for told in self.stripe.events():
            self.hear(told)

    def hear(self, told: dict[str, Any]) -> WebhookEvent:
        """Have one event delivered and processed."""
        event_id = events.record_event(stripe_client.event_of(told)).event_id
        events.process_event(event_id)
        return WebhookEvent.objects.get(pk=event_id)

    def stripe_now(self) -> datetime:
        """Stripe's clock."""
        return datetime.fromtimestamp(self.stripe.now, UTC)
