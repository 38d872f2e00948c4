"""Events that come while the life they tell of goes on, each as late as chance has it: the end is always the same."""

import random
from itertools import chain

import pytest

from apps.accounts.models import Membership
from apps.billing.handlers import HANDLERS
from tests.billing_stripe.answers import Remembering, ask_through
from tests.billing_stripe.books import read_state
from tests.billing_stripe.test_orders import forgotten

SEED = 20_261_121


class Recording:
    """A life in steps: the events of each, and every answer that Stripe would have given then."""

    def __init__(self, buyer, client):
        self.buyer, self.client, self.client.answers = buyer, client, {}
        self.events, self.answers = [], []
        subscription_id = buyer.pay(buyer.start_plan("pro"))["subscription"]
        self._note()
        buyer.stripe.fail_payments(buyer.customer_id, times=1)
        buyer.stripe.renew(subscription_id)
        self._note()
        buyer.stripe.change_card(buyer.customer_id)
        buyer.stripe.advance(days=4)
        self._note()
        buyer.stripe.refund(buyer.stripe.events("invoice.paid")[1]["data"]["object"]["id"], amount=2_450)
        buyer.stripe.client.v1.subscriptions.cancel(subscription_id)
        self._note()
        self.client.is_closed = True

    def hear(self, told, *, step):
        """Have an event delivered at a step, when Stripe answers what it answered then."""
        self.client.answers = self.answers[step]
        HANDLERS[told["type"]](told["data"]["object"])

    def _note(self):
        known = [told["id"] for heard in self.events for told in heard]
        told = [each for each in self.buyer.stripe.events() if each["type"] in HANDLERS and each["id"] not in known]
        self.events.append(told)
        self.answers.append({})
        with forgotten():
            for each in chain.from_iterable(self.events):
                self.hear(each, step=-1)


@pytest.fixture
def recording(buyer, monkeypatch, settings):
    client = Remembering()
    ask_through(client, monkeypatch, settings)
    Membership.objects.filter(workspace=buyer.workspace).delete()
    return Recording(buyer, client)


def random_deliveries(recording, chance):
    """Return (step, event) of each event, none before it has happened, some of them twice, in an order of chance."""
    last = len(recording.events) - 1
    deliveries = []
    for happened, told in enumerate(recording.events):
        for each in told:
            for _copy in range(chance.choice([1, 1, 2])):
                deliveries.append((chance.randint(happened, last), chance.random(), each))
    deliveries.sort(key=lambda delivery: delivery[:2])
    return [(step, each) for step, _order, each in deliveries]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("orders", [10, pytest.param(200, marks=pytest.mark.long)])
def test_however_late_and_often_events_come_the_end_is_the_same(recording, buyer, orders):
    with forgotten():
        for told in chain.from_iterable(recording.events):
            recording.hear(told, step=-1)
        end = read_state(buyer.workspace.pk)
    assert end["balances"].balance == 70_000 + 35_000

    chance = random.Random(SEED)
    for _number in range(orders):
        deliveries = random_deliveries(recording, chance)
        with forgotten():
            for step, told in deliveries:
                recording.hear(told, step=step)
            assert read_state(buyer.workspace.pk) == end, (SEED, [(step, told["type"]) for step, told in deliveries])
