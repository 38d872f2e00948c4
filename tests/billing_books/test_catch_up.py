"""What webhooks did not bring is asked for: nothing is lost, nothing comes twice, and a walk goes on where it was."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.billing import catch_up, events, stripe_client, tasks
from apps.billing.handlers import HANDLERS
from apps.billing.models import Payment, Subscription, Watermark, WebhookEvent
from apps.billing.prove import prove
from apps.billing.stripe_client import StripeUnavailableError

pytestmark = pytest.mark.django_db


def process_due() -> None:
    for event_id in events.list_due_event_ids():
        events.process_event(event_id)


def test_an_endpoint_that_was_down_for_three_days_loses_nothing(shopper):
    shopper.pay_pack("small")
    shopper.subscribe("pro")
    shopper.stripe.advance(days=3)

    catch_up.catch_up(now=timezone.now())
    process_due()

    assert shopper.balance == 5_000 + 70_000
    assert Subscription.objects.get().status == "active"
    assert WebhookEvent.objects.exclude(status__in=["processed", "ignored"]).count() == 0
    assert prove() == []


def test_what_was_delivered_already_comes_once(shopper):
    shopper.pay_pack()
    shopper.hear_everything()
    heard = WebhookEvent.objects.count()

    for _again in range(2):
        caught = catch_up.catch_up(now=timezone.now())
        process_due()
        assert caught.payments == 0

    assert shopper.balance == 5_000
    assert WebhookEvent.objects.count() == heard


def test_every_type_that_is_handled_is_asked_for(shopper):
    payment = shopper.buy_pack()
    shopper.stripe.refund(payment.stripe_payment_intent_id)

    catch_up.record_missed_events(now=timezone.now())

    types = set(WebhookEvent.objects.values_list("type", flat=True))
    assert types == {told["type"] for told in shopper.stripe.events()} & HANDLERS.keys()
    assert {"charge.refunded", "refund.created"} <= types


def test_a_top_up_that_we_did_not_hear_of_is_found_by_itself(shopper):
    top_up = shopper.pay_top_up()

    assert catch_up.sync_missed_payments(now=timezone.now()) == 1

    top_up.refresh_from_db()
    assert (top_up.status, shopper.balance) == ("succeeded", 5_000 + 5_000)


def test_only_events_that_somebody_handles_are_recorded(shopper):
    shopper.pay_pack()

    catch_up.record_missed_events(now=timezone.now())

    types = set(WebhookEvent.objects.values_list("type", flat=True))
    assert "checkout.session.completed" in types
    assert "product.created" not in types


def test_a_payment_whose_event_is_gone_is_found_by_itself(shopper):
    session = shopper.pay_pack("medium")

    assert catch_up.sync_missed_payments(now=timezone.now()) == 1

    assert Payment.objects.get().source_key == f"checkout:{session.stripe_id}"
    assert shopper.balance == 21_000


def test_a_paid_invoice_is_found_by_itself(shopper):
    shopper.subscribe("starter")
    shopper.stripe.advance(days=8)

    catch_up.sync_missed_payments(now=timezone.now())

    assert Payment.objects.filter(kind="plan", credits=15_000).count() == 1


def test_what_is_not_paid_is_left_alone(shopper):
    shopper.pay_pack(outcome="delayed")

    assert catch_up.sync_missed_payments(now=timezone.now()) == 0
    assert Payment.objects.count() == 0


def test_customers_of_another_product_are_none_of_ours(shopper):
    price = shopper.stripe.client.v1.prices.create(
        {"currency": "usd", "unit_amount": 900, "product_data": {"name": "A mug"}}
    )
    options = {"mode": "payment", "line_items": [{"price": price.id, "quantity": 1}], "success_url": "https://mug.test"}
    mug = shopper.stripe.client.v1.checkout.sessions.create(options)
    shopper.stripe.complete_checkout(mug.url)

    assert catch_up.sync_missed_payments(now=timezone.now()) == 0


def test_one_that_cannot_be_brought_in_does_not_hold_up_the_others(shopper, monkeypatch):
    broken, whole = shopper.pay_pack("small"), shopper.pay_pack("medium")
    type(broken).objects.filter(pk=broken.pk).update(price_amount=1)

    assert catch_up.sync_missed_payments(now=timezone.now()) == 1

    assert Payment.objects.get().source_key == f"checkout:{whole.stripe_id}"


def test_the_first_walk_reaches_a_month_back_and_the_next_only_an_hour(shopper):
    now = timezone.now()
    catch_up.record_missed_events(now=now)
    first = len(shopper.stripe.calls(path="/v1/events"))

    catch_up.record_missed_events(now=now + timedelta(minutes=15))

    mark = Watermark.objects.get(name="events")
    assert mark.read_until == now + timedelta(minutes=15)
    assert len(shopper.stripe.calls(path="/v1/events")) - first < first


def test_a_walk_that_is_cut_off_goes_on_from_there(shopper, monkeypatch):
    now, walk, calls = timezone.now(), stripe_client.walk, []
    start = now - timedelta(days=10)
    Watermark.objects.create(name="events", read_until=start)

    def walk_until_the_outage(call):
        calls.append(call)
        if len(calls) == 5:
            raise StripeUnavailableError
        return walk(call)

    monkeypatch.setattr(stripe_client, "walk", walk_until_the_outage)
    with pytest.raises(StripeUnavailableError):
        catch_up.record_missed_events(now=now)

    # Two calls for each slice, since Stripe takes twenty types at a time.
    reached = start - catch_up.OVERLAPS["events"] + 2 * catch_up.SLICE
    assert Watermark.objects.get(name="events").read_until == reached


def test_a_watermark_never_goes_back(shopper):
    now = timezone.now()
    catch_up.record_missed_events(now=now)

    catch_up.record_missed_events(now=now - timedelta(days=2))

    assert Watermark.objects.get(name="events").read_until == now


def test_the_job_asks_nobody_where_nothing_can_be_sold(settings, stripe):
    settings.STRIPE_SECRET_KEY = ""

    tasks.catch_up()
    tasks.reconcile()

    assert stripe.calls() == []
