"""Every object that the stand-in shows has the keys and values of the pinned API version."""

import httpx2
import pytest
import stripe

from tests.dev.stripe_server.annotations import of_object
from tests.dev.stripe_server.conftest import Shop
from tests.stripe import StandIn

LISTS = [
    "products",
    "prices",
    "customers",
    "payment_methods",
    "checkout/sessions",
    "subscriptions?status=all",
    "invoices",
]
LISTS += [
    "invoice_payments",
    "payment_intents",
    "charges",
    "refunds",
    "disputes",
    "events",
    "coupons",
    "promotion_codes",
]
LISTS += ["billing/meters", "billing_portal/configurations", "balance_transactions", "test_helpers/test_clocks"]


@pytest.fixture(scope="module")
def eventful():
    """A stand-in in which everything has happened once."""
    with StandIn() as stand_in:
        _make_everything_happen(stand_in)
        yield stand_in


@pytest.mark.parametrize("path", LISTS)
def test_every_object_of_a_list_is_as_the_library_annotates_it(eventful, path):
    address = f"{eventful.url}/v1/{path}{'&' if '?' in path else '?'}limit=100"
    answer = httpx2.get(address, headers={"authorization": f"Bearer {eventful.secret_key}"}).json()

    assert answer["data"] or path == "test_helpers/test_clocks"
    assert of_object(answer, path=path) == []


def test_every_snapshot_in_an_event_is_as_the_library_annotates_it(eventful):
    events = eventful.events()

    assert len({event["type"] for event in events}) > 40
    found = [each for event in events for each in of_object(event["data"]["object"], path=event["type"])]
    assert [each for each in found if "deleted" not in each] == []


def test_the_library_reads_what_it_is_sent(eventful):
    invoice = eventful.client.v1.invoices.list({"limit": 1, "expand": ["data.payments"]}).data[0]

    assert isinstance(invoice, stripe.Invoice)
    assert isinstance(invoice.lines.data[0], stripe.InvoiceLineItem)
    assert isinstance(invoice.payments.data[0], stripe.InvoicePayment)


def _make_everything_happen(stand_in):
    shop, api = Shop(stand_in), stand_in.client.v1
    meter = {"display_name": "Usage", "event_name": "usage", "default_aggregation": {"formula": "sum"}}
    api.billing.meters.create(meter)
    api.coupons.create({"id": "tenth", "percent_off": 10, "duration": "forever"})
    api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": "tenth"}, "code": "TENTH"})
    api.customers.update(shop.customer, {"address": {"country": "US"}})
    taxed = {"automatic_tax": {"enabled": True}, "allow_promotion_codes": True}
    session = shop.open(shop.plan, mode="subscription", **taxed)
    stand_in.complete_checkout(session.url, outcome="decline")
    subscription = stand_in.complete_checkout(session.url, code="tenth")["subscription"]
    stand_in.complete_checkout(shop.open(invoice_creation={"enabled": True}).url, outcome="delayed")
    api.subscriptions.update(subscription, _change(shop, subscription))
    stand_in.renew(subscription)
    stand_in.fail_payments(shop.customer, how="needs_action")
    stand_in.renew(subscription)
    api.billing_portal.sessions.create({"customer": shop.customer})
    bought = shop.buy(invoice_creation={"enabled": True})
    stand_in.refund(bought["id"], amount=300)
    stand_in.close_dispute(stand_in.dispute(bought["id"])["id"], status="won")
    stand_in.fail_refund(stand_in.refund(shop.buy()["id"])["id"])
    shop.subscribe(subscription_data={"trial_period_days": 5})
    shop.open()
    stand_in.advance(days=20)


def _change(shop, subscription):
    item = shop.api.subscriptions.retrieve(subscription)["items"].data[0].id
    dearer = shop.price(5000, recurring={"interval": "month"})
    return {"items": [{"id": item, "price": dearer}], "proration_behavior": "always_invoice"}
