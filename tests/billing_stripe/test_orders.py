"""What is true after some events depends on which of them were delivered, not on their order or number."""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction

from apps.accounts.models import Membership
from apps.billing.handlers import HANDLERS
from apps.billing.models import Invoice, Subscription
from apps.billing.prove import prove
from tests.billing_stripe.answers import Remembering, ask_through
from tests.billing_stripe.books import State, read_state
from tests.billing_stripe.buyer import Buyer
from tests.stripe import Object

Order = tuple[int, ...]

ORDERS = 200
SEED = 20_261_121
# The life of a subscription that is subscribed to, fails to renew, is paid after all, and ends.
LIFE = [
    ("checkout.session.completed", 0),
    ("customer.subscription.created", 0),
    ("invoice.paid", 0),
    ("invoice.payment_failed", 0),
    ("customer.subscription.updated", 0),
    ("invoice.paid", 1),
    ("customer.subscription.deleted", 0),
]


class Life:
    """Seven events that have happened, and what becomes of the books when some of them are heard."""

    def __init__(self, buyer: Buyer) -> None:
        session = buyer.pay(buyer.start_plan("pro"))
        subscription_id = session["subscription"]
        buyer.stripe.fail_payments(buyer.customer_id, times=1)
        buyer.stripe.renew(subscription_id)
        buyer.stripe.change_card(buyer.customer_id)
        buyer.stripe.advance(days=4)
        buyer.stripe.client.v1.subscriptions.cancel(subscription_id)
        self.workspace_id = buyer.workspace.pk
        self.events: list[Object] = [buyer.stripe.events(name)[number] for name, number in LIFE]
        self._reached: dict[frozenset[int], State] = {}

    def hear(self, number: int) -> None:
        """Do what one of the events is about. That the inbox does it once each is shown elsewhere."""
        HANDLERS[self.events[number]["type"]](self.events[number]["data"]["object"])

    def state(self) -> State:
        return read_state(self.workspace_id)

    def state_after(self, numbers: frozenset[int]) -> State:
        """Return what these events lead to, delivered as they happened; `subsets` has been there."""
        return self._reached[numbers]

    def state_after_all(self) -> State:
        """Return what all of them lead to, delivered as they happened."""
        with forgotten():
            for number in range(len(self.events)):
                self.hear(number)
            return self.state()

    def subsets(self, heard: tuple[int, ...] = ()) -> Iterator[frozenset[int]]:
        """Yield every subset while just its events have been heard, as they happened.

        When a subset is yielded, those that one earlier event more leads to have all been yielded before.
        """
        self._reached[frozenset(heard)] = self.state()
        yield frozenset(heard)
        for number in range(max(heard, default=-1) + 1, len(self.events)):
            with forgotten():
                self.hear(number)
                yield from self.subsets((*heard, number))

    def follow(self, orders: list[Order], depth: int = 0) -> Iterator[Order]:
        """Yield each order after its events were heard in it; what orders begin with alike is heard once."""
        yield from (order for order in orders if len(order) == depth)
        longer = [order for order in orders if len(order) > depth]
        for number in sorted({order[depth] for order in longer}):
            with forgotten():
                self.hear(number)
                yield from self.follow([order for order in longer if order[depth] == number], depth + 1)


@pytest.fixture
def life(buyer, monkeypatch, settings) -> Life:
    life = Life(buyer)
    # With nobody to write to, no mail is rendered two thousand times.
    Membership.objects.filter(workspace=buyer.workspace).delete()
    # Nothing happens at Stripe any more, so each answer is the same whenever it is asked for.
    ask_through(Remembering(), monkeypatch, settings)
    return life


@contextmanager
def forgotten() -> Iterator[None]:
    """Whatever happens within is undone at the end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_the_events_together_tell_the_whole_life(life, buyer):
    for number in range(len(life.events)):
        life.hear(number)

    assert buyer.balance == 2 * 70_000
    assert buyer.allowed.plan.slug == "free"
    assert Subscription.objects.get().status == "canceled"
    assert [invoice.status for invoice in Invoice.objects.all()] == ["paid", "paid"]


@pytest.mark.timeout(600)
def test_each_event_leads_to_the_same_from_every_set_of_the_others(life):
    in_order, late = 0, 0
    for heard in life.subsets():
        latest = max(heard, default=-1)
        # A later event is how the next subset is reached; what it leads to is the state to compare with.
        in_order += len(life.events) - 1 - latest
        for number in {*range(latest)} - heard:
            with forgotten():
                life.hear(number)
                assert life.state() == life.state_after(heard | {number}), (sorted(heard), number)
            late += 1

    assert (in_order, late, in_order + late) == (127, 321, 448)


@pytest.mark.timeout(600)
def test_random_orders_with_duplicates_lead_to_the_same(life):
    everything = life.state_after_all()
    chance = random.Random(SEED)
    followed = 0
    for order in life.follow([random_order(chance) for _number in range(ORDERS)]):
        assert life.state() == everything, (SEED, order)
        followed += 1

    assert followed == ORDERS


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_all_5040_orders_lead_to_the_same(life):
    everything = life.state_after_all()
    followed = 0
    for order in life.follow([*itertools.permutations(range(len(life.events)))]):
        assert life.state() == everything, order
        followed += 1

    assert followed == 5040
    assert prove() == []


def random_order(chance: random.Random) -> Order:
    numbers = range(len(LIFE))
    order = [*numbers, *chance.choices(numbers, k=chance.randint(0, 3))]
    chance.shuffle(order)
    return tuple(order)
