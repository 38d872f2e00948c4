"""Customers who do whatever customers do, by chance, while Stripe's events come late, twice, in any order, or never."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import stripe as library
from django.utils import timezone

from apps.billing import catch_up, events, ledger, payments, stripe_client
from apps.billing.entitlements import find_live_subscription
from apps.billing.models import Customer, Payment, Subscription, Watermark, WebhookEvent
from apps.core.errors import DomainError
from tests.billing import steps
from tests.billing_stripe.buyer import Buyer, hear, new_key
from tests.stripe import Object, StandIn, StandInRefusedError

PLANS = ("starter", "pro")
PACKS = ("small", "medium", "large")
# A card that is declined, a refund that is too large, a plan that one has already: said, and nothing happens.
REFUSALS = (DomainError, library.StripeError, StandInRefusedError, Customer.DoesNotExist)


class Market:
    """What is done is drawn from `chance` alone, so that a seed tells the whole story."""

    def __init__(self, *, stripe: StandIn, buyers: list[Buyer], chance: random.Random) -> None:
        self.stripe, self.buyers, self.chance = stripe, buyers, chance
        self.done: Counter[str] = Counter()
        self._waiting: list[Object] = []
        self._told: list[Object] = []
        self._newest = ""
        self.acts: dict[Callable[[Buyer], None], int] = {
            self.buy: 10,
            self.subscribe: 4,
            self.change_plan: 4,
            self.cancel: 2,
            self.refund: 5,
            self.refund_from_the_dashboard: 3,
            self.return_a_refund: 1,
            self.dispute: 3,
            self.decide_a_dispute: 3,
            self.fail_payments: 2,
            self.spend: 14,
            self.let_expire: 2,
            self.pass_time: 4,
            self.deliver: 30,
            self.replay: 6,
            self.catch_up: 1,
        }

    def act(self) -> None:
        """Do one thing; what is refused is refused."""
        [act] = self.chance.choices([*self.acts], weights=[*self.acts.values()])
        try:
            act(self.chance.choice(self.buyers))
        except REFUSALS:
            self.done["refused"] += 1
        else:
            self.done[act.__name__] += 1

    def end(self) -> None:
        """Have everything asked for that was never delivered, and what was delivered in vain tried once more."""
        now = timezone.now()
        Watermark.objects.update(read_until=now - catch_up.REACH)
        catch_up.catch_up(now=now)
        for row in WebhookEvent.objects.filter(status__in=["received", "failed"]):
            events.replay(row, actor="test")
            events.process_event(row.pk)

    # What customers and staff do.

    def buy(self, buyer: Buyer) -> None:
        outcome = self.chance.choices(["success", "three_d_secure", "decline", "delayed"], weights=[6, 1, 1, 1])[0]
        session = buyer.start_pack(self.chance.choice(PACKS))
        buyer.pay(session, outcome=outcome)
        if outcome == "delayed":
            self.stripe.finish_delayed(session.stripe_id or "", is_paid=self.chance.random() < 0.7)

    def subscribe(self, buyer: Buyer) -> None:
        outcome = self.chance.choice(["success", "success", "renewals_fail"])
        buyer.pay(buyer.start_plan(self.chance.choice(PLANS)), outcome=outcome)

    def change_plan(self, buyer: Buyer) -> None:
        subscription = self._subscription_of(buyer)
        price = stripe_client.find_price(f"plan_{self.chance.choice(PLANS)}_{self.chance.choice(('month', 'year'))}")
        params = {
            "items": [{"id": subscription.stripe_item_id, "price": price["id"]}],
            "proration_behavior": "always_invoice",
        }
        self.stripe.client.v1.subscriptions.update(subscription.stripe_id, params)

    def cancel(self, buyer: Buyer) -> None:
        subscription = self._subscription_of(buyer)
        if self.chance.random() < 0.3:
            self.stripe.client.v1.subscriptions.cancel(subscription.stripe_id)
            return
        params = {"cancel_at_period_end": subscription.cancel_at is None}
        self.stripe.client.v1.subscriptions.update(subscription.stripe_id, params)

    def refund(self, buyer: Buyer) -> None:
        payment = self._payment_of(buyer)
        payments.refund_payment(
            payment=payment,
            amount=self.chance.randint(1, max(payment.amount, 1)),
            idempotency_key=new_key(),
            actor="user:1",
            reason="Asked for it.",
        )

    def refund_from_the_dashboard(self, buyer: Buyer) -> None:
        intent_id = self._payment_of(buyer).stripe_payment_intent_id or ""
        charge = self.stripe.client.v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]}).latest_charge
        left = charge.amount - charge.amount_refunded
        if not left:
            raise StandInRefusedError("All of it was returned before.")
        self.stripe.refund(intent_id, amount=self.chance.choice([None, self.chance.randint(1, max(left, 1))]))

    def return_a_refund(self, buyer: Buyer) -> None:
        made = [each for each in self.stripe.client.v1.refunds.list() if each.status == "succeeded"]
        self.stripe.fail_refund(self.chance.choice(made).id if made else "")

    def dispute(self, buyer: Buyer) -> None:
        self.stripe.dispute(self._payment_of(buyer).stripe_payment_intent_id or "")

    def decide_a_dispute(self, buyer: Buyer) -> None:
        opened = [each for each in self.stripe.client.v1.disputes.list() if each.status == "needs_response"]
        verdict = self.chance.choice(["won", "lost"])
        self.stripe.close_dispute(self.chance.choice(opened).id if opened else "", status=verdict)

    def fail_payments(self, buyer: Buyer) -> None:
        self.stripe.fail_payments(buyer.customer_id, times=self.chance.choice([0, 1, 2]))

    def spend(self, buyer: Buyer) -> None:
        amount = self.chance.randint(1, 20_000)
        hold_id = buyer.hold(amount)
        if self.chance.random() < 0.2:
            ledger.release(hold_id=hold_id, idempotency_key=new_key())
        elif self.chance.random() < 0.9:
            used = self.chance.randint(0, amount)
            ledger.capture(hold_id=hold_id, amount_credits=used, idempotency_key=new_key())

    # What time and Stripe do.

    def let_expire(self, buyer: Buyer) -> None:
        steps.let_time_pass(self.chance.randint(1, 20) * 86_400)
        ledger.expire_holds(limit=100)
        ledger.expire_grants(limit=100)

    def pass_time(self, buyer: Buyer) -> None:
        self.stripe.advance(days=self.chance.choice([0.2, 1, 5, 32]))

    def deliver(self, buyer: Buyer) -> None:
        """Deliver some of what waits, in any order; some of it is lost."""
        self._listen()
        self.chance.shuffle(self._waiting)
        for _number in range(min(len(self._waiting), self.chance.randint(1, 12))):
            told = self._waiting.pop()
            if self.chance.random() < 0.9:
                self._told.append(told)
                hear(told)

    def replay(self, buyer: Buyer) -> None:
        if self._told:
            hear(self.chance.choice(self._told))

    def catch_up(self, buyer: Buyer) -> None:
        # By Stripe's clock, which runs ahead: by ours, everything that ever happened would be still to come.
        catch_up.catch_up(now=datetime.fromtimestamp(self.stripe.now, UTC))
        for event_id in events.list_due_event_ids(limit=1000):
            events.process_event(event_id)

    def _listen(self) -> None:
        """Take note of what has happened since."""
        since = {"ending_before": self._newest} if self._newest else {}
        listed = self.stripe.client.v1.events.list({"limit": 100, **since})
        found = [told.to_dict() for told in listed.auto_paging_iter()]
        if found:
            # A list goes back in time, unless it is asked for what came after something.
            self._newest = found[-1 if since else 0]["id"]
            self._waiting += found

    def _subscription_of(self, buyer: Buyer) -> Subscription:
        found = find_live_subscription(buyer.workspace.pk)
        if found is None:
            raise StandInRefusedError("There is no plan to change.")
        return found

    def _payment_of(self, buyer: Buyer) -> Payment:
        paid = Payment.objects.filter(workspace=buyer.workspace, stripe_payment_intent_id__isnull=False)
        found = [*paid.order_by("pk")]
        if not found:
            raise StandInRefusedError("Nothing was paid.")
        return self.chance.choice(found)
