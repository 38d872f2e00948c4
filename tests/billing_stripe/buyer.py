"""A customer of these tests: buys on Stripe's pages, and what is heard of it is up to the test."""

import uuid
from dataclasses import dataclass, field

from apps.accounts.models import User, Workspace
from apps.accounts.selectors import find_personal_workspace
from apps.billing import checkout, events, ledger, selectors, stripe_client
from apps.billing.entitlements import Entitlements, entitlements
from apps.billing.models import CheckoutSession, Customer, LedgerEntry, Payment, Subscription, WebhookEvent
from tests.accounts.conftest import new_email, new_user
from tests.stripe import Object, StandIn


@dataclass
class Buyer:
    """One person with one workspace; `heard` are the events of Stripe's that have been processed for them."""

    stripe: StandIn
    user: User
    workspace: Workspace
    heard: set[str] = field(default_factory=set)

    # On the product's and Stripe's pages.

    def start_pack(self, pack: str = "small", *, key: str = "") -> CheckoutSession:
        return checkout.start_pack_checkout(
            user=self.user, workspace=self.workspace, pack=pack, idempotency_key=key or new_key(), return_path=""
        )

    def start_plan(self, plan: str = "pro", *, interval: str = "month", key: str = "") -> CheckoutSession:
        return checkout.start_plan_checkout(
            user=self.user,
            workspace=self.workspace,
            plan=plan,
            interval=interval,
            idempotency_key=key or new_key(),
            return_path="",
        )

    def pay(self, session: CheckoutSession, **how: str) -> Object:
        """Do on Stripe's page what a person would; nobody tells us."""
        return self.stripe.complete_checkout(session.url, **how)

    def buy(self, pack: str = "small", **how: str) -> Payment:
        """Buy a pack, and hear of it."""
        session = self.start_pack(pack)
        self.pay(session, **how)
        self.hear()
        return Payment.objects.get(source_key=f"checkout:{session.stripe_id}")

    def subscribe(self, plan: str = "pro", *, interval: str = "month", **how: str) -> Subscription:
        """Subscribe, and hear of it."""
        made = self.pay(self.start_plan(plan, interval=interval), **how)
        self.hear()
        return Subscription.objects.get(stripe_id=made["subscription"])

    def change_plan(self, subscription: Subscription, plan: str, *, interval: str = "month") -> None:
        """Change the plan as the portal does it: at once, the difference invoiced at once; and hear of it."""
        price = stripe_client.find_price(f"plan_{plan}_{interval}")["id"]
        items = [{"id": subscription.stripe_item_id, "price": price}]
        params = {"items": items, "proration_behavior": "always_invoice"}
        self.stripe.client.v1.subscriptions.update(subscription.stripe_id, params)
        self.hear()
        subscription.refresh_from_db()

    # What we hear.

    def hear(self, *types: str) -> None:
        """Have everything that has happened since (of these types, if any are given) delivered, once each."""
        for told in self.stripe.events(*types):
            if told["id"] not in self.heard:
                hear(told)
                self.heard.add(told["id"])

    def renew(self, subscription: Subscription) -> None:
        """Let time pass until the next invoice was tried, and hear of it."""
        self.stripe.renew(subscription.stripe_id)
        self.hear()
        subscription.refresh_from_db()

    # What became of it.

    @property
    def customer_id(self) -> str:
        return Customer.objects.get(pk=self.workspace.pk).stripe_id

    @property
    def balance(self) -> int:
        return selectors.get_balance(self.workspace.pk).balance

    @property
    def debt(self) -> int:
        return selectors.get_balance(self.workspace.pk).debt

    @property
    def allowed(self) -> Entitlements:
        return entitlements(self.workspace.pk)

    @property
    def movements(self) -> list[tuple[str, int]]:
        """The ledger as (kind, amount), oldest first."""
        entries = LedgerEntry.objects.filter(account_id=self.workspace.pk).order_by("position")
        return list(entries.values_list("kind", "amount"))

    def hold(self, amount_credits: int) -> uuid.UUID:
        """Reserve credits, as a generation does."""
        placed = ledger.place_hold(
            workspace_id=self.workspace.pk, amount_credits=amount_credits, idempotency_key=new_key(), ttl_seconds=600
        )
        return placed.id

    def spend(self, amount_credits: int) -> None:
        """Use credits up."""
        hold_id = self.hold(amount_credits)
        ledger.capture(hold_id=hold_id, amount_credits=amount_credits, idempotency_key=new_key())


def make_buyer(stripe: StandIn, name: str = "buyer") -> Buyer:
    """Sign somebody up."""
    user = new_user(new_email(name))
    return Buyer(stripe=stripe, user=user, workspace=find_personal_workspace(user))


def hear(told: Object) -> WebhookEvent:
    """Have one event delivered and processed; once more if it was processed before."""
    event_id = events.record_event(stripe_client.event_of(told)).event_id
    row = WebhookEvent.objects.get(pk=event_id)
    if row.attempts:
        events.replay(row, actor="test")
    events.process_event(event_id)
    row.refresh_from_db()
    return row


def new_key() -> str:
    return str(uuid.uuid4())
