"""What time brings: renewals, failures, ends of trials, usage, discounts, credit for what was not used."""

import calendar
from datetime import UTC, datetime

import pytest

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("start", "ends"),
    [
        ("2027-01-31", ["2027-02-28", "2027-03-31", "2027-04-30"]),
        ("2028-01-31", ["2028-02-29", "2028-03-31"]),
        ("2026-12-15", ["2027-01-15", "2027-02-15"]),
    ],
)
def test_months_are_counted_from_the_day_of_the_start(shop, start, ends):
    shop.stand_in.advance(to=_second(start))
    subscription = shop.subscribe()

    found = [_day(_end(subscription))]
    for _month in ends[1:]:
        shop.stand_in.renew(subscription.id)
        found.append(_day(_end(shop.api.subscriptions.retrieve(subscription.id))))

    assert found == ends


def test_a_month_of_renewals_is_billed_one_by_one(shop):
    subscription = shop.subscribe()

    shop.stand_in.advance(days=100)

    reasons = [invoice.billing_reason for invoice in shop.api.invoices.list({"subscription": subscription.id})]
    assert reasons == ["subscription_cycle"] * 3 + ["subscription_create"]


def test_a_failing_renewal_is_tried_again_and_given_up(shop):
    subscription = shop.subscribe(outcome="renewals_fail")
    shop.stand_in.renew(subscription.id)
    assert shop.api.subscriptions.retrieve(subscription.id).status == "past_due"

    shop.stand_in.advance(days=16)

    ended = shop.api.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    assert (ended.latest_invoice.attempt_count, ended.latest_invoice.status) == (4, "open")
    assert len(shop.stand_in.events("invoice.payment_failed")) == 4


@pytest.mark.parametrize("wanted", ["unpaid", "past_due"])
def test_what_comes_after_the_last_attempt_can_be_chosen(shop, wanted):
    shop.stand_in.settings(after_last_attempt=wanted, retry_days=[1])
    subscription = shop.subscribe(outcome="renewals_fail")

    shop.stand_in.renew(subscription.id)
    shop.stand_in.advance(days=2)

    assert shop.api.subscriptions.retrieve(subscription.id).status == wanted


def test_another_card_brings_it_back_at_the_next_attempt(shop):
    subscription = shop.subscribe(outcome="renewals_fail")
    shop.stand_in.renew(subscription.id)

    shop.stand_in.change_card(shop.customer)
    shop.stand_in.advance(days=4)

    assert shop.api.subscriptions.retrieve(subscription.id).status == "active"
    assert shop.invoice_of(subscription.id).status == "paid"


def test_a_renewal_that_wants_a_confirmation_says_so(shop):
    subscription = shop.subscribe(outcome="renewals_need_action")

    shop.stand_in.renew(subscription.id)

    assert len(shop.stand_in.events("invoice.payment_action_required")) == 1
    assert shop.api.subscriptions.retrieve(subscription.id).status == "past_due"


def test_so_many_payments_fail_and_then_no_more(shop):
    subscription = shop.subscribe()
    shop.stand_in.fail_payments(shop.customer, times=1)
    shop.stand_in.renew(subscription.id)

    shop.stand_in.advance(days=4)

    assert shop.invoice_of(subscription.id).status == "paid"


def test_a_trial_is_announced_and_then_paid(shop):
    subscription = shop.subscribe(subscription_data={"trial_period_days": 7})
    assert (subscription.status, shop.invoice_of(subscription.id).amount_due) == ("trialing", 0)

    shop.stand_in.advance(days=5)
    assert len(shop.stand_in.events("customer.subscription.trial_will_end")) == 1
    shop.stand_in.advance(days=2, seconds=2 * HOUR)

    after = shop.api.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert (after.status, after.latest_invoice.amount_paid) == ("active", 2000)


def test_a_renewal_is_announced_a_week_before(shop):
    shop.subscribe()

    shop.stand_in.advance(days=25)

    (event,) = shop.stand_in.events("invoice.upcoming")
    assert event["data"]["object"]["amount_due"] == 2000


def test_usage_is_invoiced_after_the_period_also_if_it_comes_in_the_last_hour(shop):
    meter = {"display_name": "Usage", "event_name": "usage", "default_aggregation": {"formula": "sum"}}
    recurring = {"interval": "month", "usage_type": "metered", "meter": shop.api.billing.meters.create(meter).id}
    metered = shop.price(-1, unit_amount_decimal="0.5", recurring=recurring)
    items = [{"price": shop.plan, "quantity": 1}, {"price": metered}]
    subscription = shop.subscribe(line_items=items)
    _report(shop, value=300, identifier="a")
    end = _end(subscription)
    shop.stand_in.advance(to=end + 60)
    _report(shop, value=100, identifier="b", timestamp=end - 60)

    shop.stand_in.advance(seconds=2 * HOUR)

    lines = {line.quantity: line.amount for line in shop.invoice_of(subscription.id).lines}
    assert lines == {400: 200, 1: 2000}


def test_a_discount_for_once_counts_for_the_first_invoice_only(shop):
    _promotion(shop, duration="once")
    session = shop.open(shop.plan, mode="subscription", allow_promotion_codes=True)
    subscription = shop.stand_in.complete_checkout(session.url, code="half")["subscription"]
    first = shop.invoice_of(subscription)

    shop.stand_in.renew(subscription)

    assert (first.total, first.total_discount_amounts[0].amount) == (1000, 1000)
    assert shop.invoice_of(subscription).total == 2000


def test_tax_stands_on_session_invoice_and_line(shop):
    shop.api.customers.update(shop.customer, {"address": {"country": "US"}})
    subscription = shop.subscribe(automatic_tax={"enabled": True})

    invoice = shop.invoice_of(subscription.id)
    assert (invoice.subtotal, invoice.total, invoice.total_taxes[0].amount) == (2000, 2200, 200)
    assert invoice.lines.data[0].taxes[0].amount == 200


def test_half_a_month_is_given_back_for_a_dearer_plan(shop):
    subscription = shop.subscribe()
    item = subscription["items"].data[0]
    half = (item.current_period_start + item.current_period_end) // 2
    shop.stand_in.advance(to=half)
    dearer = shop.price(6000, recurring={"interval": "month"})

    change = {"items": [{"id": item.id, "price": dearer}], "proration_behavior": "always_invoice"}
    shop.api.subscriptions.update(subscription.id, change)

    invoice = shop.invoice_of(subscription.id)
    assert sorted(line.amount for line in invoice.lines) == pytest.approx([-1000, 3000], abs=2)
    assert _end(shop.api.subscriptions.retrieve(subscription.id)) == item.current_period_end


def test_prorations_wait_for_the_next_invoice_unless_told_otherwise(shop):
    subscription = shop.subscribe()
    dearer = shop.price(6000, recurring={"interval": "month"})
    change = {"items": [{"id": subscription["items"].data[0].id, "price": dearer}]}
    shop.api.subscriptions.update(subscription.id, change)

    shop.stand_in.renew(subscription.id)

    assert len(shop.invoice_of(subscription.id).lines.data) == 3
    assert shop.invoice_of(subscription.id).total == pytest.approx(10_000, abs=2)


def test_another_interval_begins_a_period_at_once(shop):
    subscription = shop.subscribe()
    yearly = shop.price(20_000, recurring={"interval": "year"})
    change = {"items": [{"id": subscription["items"].data[0].id, "price": yearly}]}

    changed = shop.api.subscriptions.update(subscription.id, change)

    assert _end(changed) - changed["items"].data[0].current_period_start in (365 * DAY, 366 * DAY)
    assert shop.invoice_of(subscription.id).total == pytest.approx(18_000, abs=2)


def test_a_change_that_must_be_paid_is_taken_back_when_it_is_not(shop):
    subscription = shop.subscribe(outcome="renewals_fail")
    dearer = shop.price(6000, recurring={"interval": "month"})
    change = {"items": [{"id": subscription["items"].data[0].id, "price": dearer}]}
    change |= {"proration_behavior": "always_invoice", "payment_behavior": "error_if_incomplete"}

    with pytest.raises(Exception, match="declined"):
        shop.api.subscriptions.update(subscription.id, change)

    after = shop.api.subscriptions.retrieve(subscription.id)
    assert (after.status, after["items"].data[0].price.id) == ("active", shop.plan)


def test_an_open_session_expires_by_itself(shop):
    session = shop.open()

    shop.stand_in.advance(days=1, seconds=60)

    assert shop.api.checkout.sessions.retrieve(session.id).status == "expired"
    assert len(shop.stand_in.events("checkout.session.expired")) == 1


def _report(shop, **values):
    payload = {"stripe_customer_id": shop.customer, "value": str(values.pop("value"))}
    shop.api.billing.meter_events.create({"event_name": "usage", "payload": payload, **values})


def _promotion(shop, **values):
    coupon = shop.api.coupons.create({"percent_off": 50, **values})
    shop.api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HALF"})


def _second(day: str) -> int:
    return calendar.timegm(datetime.fromisoformat(day).timetuple())


def _day(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).date().isoformat()


def _end(subscription) -> int:
    return subscription["items"].data[0].current_period_end
