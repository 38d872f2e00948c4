"""The checkout page, the portal, invoices and receipts, as a browser without JavaScript meets them."""

import httpx2
import pytest

from tests.stripe import StandInRefusedError


def _post(url, **fields):
    return httpx2.post(url, data=fields, follow_redirects=False)


def test_a_good_card_pays_and_leads_back_with_the_sessions_id(shop):
    session = shop.open()

    answer = _post(session.url, outcome="success", email="payer@example.com")

    assert answer.headers["location"] == f"https://example.com/?id={session.id}"
    paid = shop.api.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (paid.status, paid.payment_status, paid.payment_intent.status) == ("complete", "paid", "succeeded")
    assert paid.customer_details.email == "payer@example.com"


def test_a_declined_card_stays_on_the_page_and_can_be_followed_by_a_good_one(shop):
    session = shop.open()

    assert "Your card was declined" in _post(session.url, outcome="decline").text
    assert shop.api.checkout.sessions.retrieve(session.id).status == "open"
    assert _post(session.url, outcome="success").status_code == 303
    types = [event["type"] for event in shop.stand_in.events("payment_intent.*")]
    assert types == ["payment_intent.created", "payment_intent.payment_failed", "payment_intent.succeeded"]


@pytest.mark.parametrize(("answer", "status"), [("confirm", "complete"), ("refuse", "open")])
def test_three_d_secure_asks_first(shop, answer, status):
    session = shop.open()
    assert "Your bank asks" in _post(session.url, outcome="three_d_secure").text
    assert shop.api.checkout.sessions.retrieve(session.id).status == "open"

    _post(session.url, outcome="three_d_secure", answer=answer)

    assert shop.api.checkout.sessions.retrieve(session.id).status == status


@pytest.mark.parametrize(("is_paid", "event"), [(True, "async_payment_succeeded"), (False, "async_payment_failed")])
def test_a_delayed_payment_completes_unpaid_and_ends_later(shop, is_paid, event):
    session = shop.buy(outcome="delayed")
    assert (session["status"], session["payment_status"]) == ("complete", "unpaid")

    ended = shop.stand_in.finish_delayed(session["id"], is_paid=is_paid)

    assert ended["payment_status"] == ("paid" if is_paid else "unpaid")
    assert len(shop.stand_in.events(f"checkout.session.{event}")) == 1
    with pytest.raises(StandInRefusedError, match="not processing"):
        shop.stand_in.finish_delayed(session["id"], is_paid=is_paid)


def test_a_delayed_subscription_counts_until_its_money_fails(shop):
    subscription = shop.subscribe(outcome="delayed")
    assert (subscription.status, shop.invoice_of(subscription.id).status) == ("active", "open")
    session = shop.api.checkout.sessions.list({"subscription": subscription.id}).data[0]

    shop.stand_in.finish_delayed(session.id, is_paid=False)

    assert shop.api.subscriptions.retrieve(subscription.id).status == "past_due"


@pytest.mark.parametrize(("end", "words"), [("complete", "paid already"), ("expire", "has expired")])
def test_a_session_that_is_over_says_so_and_takes_no_money(shop, end, words):
    session = shop.open()
    if end == "complete":
        shop.stand_in.complete_checkout(session.url)
    else:
        shop.api.checkout.sessions.expire(session.id)
    charges = len(shop.api.charges.list().data)

    assert words in httpx2.get(session.url).text if session.url else True
    assert words in _post(session.url, outcome="success").text
    assert len(shop.api.charges.list().data) == charges


def test_a_promotion_code_changes_the_amount_and_a_wrong_one_does_not(shop):
    coupon = shop.api.coupons.create({"amount_off": 400, "currency": "usd", "duration": "once"})
    shop.api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "FOUR"})
    session = shop.open(allow_promotion_codes=True)

    assert "This code is invalid" in _post(session.url, code="five").text
    _post(session.url, code="four")

    assert shop.api.checkout.sessions.retrieve(session.id).amount_total == 600


def test_an_unknown_page_is_404(stand_in):
    assert httpx2.get(f"{stand_in.url}/c/pay/cs_test_nobody").status_code == 404


def test_the_home_page_moves_time_and_decides_disputes(shop):
    paid = shop.buy()
    dispute = shop.stand_in.dispute(paid["id"])
    before = shop.stand_in.now

    _post(f"{shop.stand_in.url}/do/advance", days="7")
    _post(f"{shop.stand_in.url}/do/close_dispute", dispute=dispute["id"], status="lost")

    assert shop.stand_in.now >= before + 7 * 86400
    assert shop.api.disputes.retrieve(dispute["id"]).status == "lost"
    assert "Dispute lost" in httpx2.get(shop.stand_in.url).text


def test_the_portal_cancels_resumes_and_changes_the_card(shop):
    subscription = shop.subscribe()
    url = shop.api.billing_portal.sessions.create({"customer": shop.customer}).url

    assert "Your plan ends on" in _post(url, action="cancel", subscription=subscription.id).text
    assert shop.api.subscriptions.retrieve(subscription.id).cancel_at_period_end
    assert "Your plan goes on" in _post(url, action="resume", subscription=subscription.id).text
    _post(url, action="card", card="fails")
    shop.stand_in.renew(subscription.id)

    assert shop.api.subscriptions.retrieve(subscription.id).status == "past_due"


def test_the_portal_can_cancel_by_a_date_as_stripe_does_for_flexible_billing(shop):
    subscription = shop.subscribe()
    shop.stand_in.settings(portal_cancels_with="cancel_at")
    url = shop.api.billing_portal.sessions.create({"customer": shop.customer}).url

    _post(url, action="cancel", subscription=subscription.id)

    found = shop.api.subscriptions.retrieve(subscription.id)
    end = found["items"].data[0].current_period_end
    assert (found.cancel_at_period_end, found.cancel_at) == (False, end)
    shop.stand_in.advance(to=end + 60)
    assert shop.api.subscriptions.retrieve(subscription.id).status == "canceled"


def test_the_portal_changes_between_the_plans_that_are_offered(shop):
    subscription = shop.subscribe()
    dearer = shop.price(6000, recurring={"interval": "month"})
    product = shop.api.prices.retrieve(dearer).product
    update = {"enabled": True, "default_allowed_updates": ["price"], "proration_behavior": "always_invoice"}
    update["products"] = [{"product": product, "prices": [dearer]}]
    configuration = shop.api.billing_portal.configurations.create({"features": {"subscription_update": update}}).id
    url = shop.api.billing_portal.sessions.create({"customer": shop.customer, "configuration": configuration}).url

    assert "Your plan was changed" in _post(url, action="change", subscription=subscription.id, price=dearer).text

    assert shop.api.subscriptions.retrieve(subscription.id)["items"].data[0].price.id == dearer
    assert shop.invoice_of(subscription.id).status == "paid"


def test_the_portal_shows_nobody_elses_plan(shop):
    subscription = shop.subscribe()
    stranger = shop.api.customers.create({"email": "stranger@example.com"}).id
    url = shop.api.billing_portal.sessions.create({"customer": stranger}).url

    assert "This plan has ended" in _post(url, action="cancel", subscription=subscription.id).text
    assert shop.api.subscriptions.retrieve(subscription.id).cancel_at is None


def test_an_open_invoice_is_paid_on_its_page(shop):
    subscription = shop.subscribe(outcome="renewals_fail")
    shop.stand_in.renew(subscription.id)
    invoice = shop.invoice_of(subscription.id)

    assert "Your card was declined" in _post(invoice.hosted_invoice_url, action="decline").text
    _post(invoice.hosted_invoice_url, action="pay")

    assert shop.invoice_of(subscription.id).status == "paid"
    assert shop.api.subscriptions.retrieve(subscription.id).status == "active"


def test_a_receipt_shows_what_was_given_back(shop):
    paid = shop.buy()
    shop.stand_in.refund(paid["id"], amount=250)
    charge = shop.api.charges.list().data[0]

    assert "-$2.50" in httpx2.get(charge.receipt_url).text
