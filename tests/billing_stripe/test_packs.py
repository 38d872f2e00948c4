"""A pack: paid once, granted once, whatever is pressed twice, lost on the way, or told by how many events."""

import itertools

import pytest

from apps.billing import checkout, stripe_client
from apps.billing.models import CheckoutSession, Customer, Payment, WebhookEvent
from apps.billing.payments import PaymentMismatchError
from tests.billing.parallel import in_threads
from tests.billing_stripe.buyer import hear, new_key

TELLING = ["checkout.session.completed", "payment_intent.succeeded", "invoice.paid"]


@pytest.mark.parametrize("order", [*itertools.permutations(TELLING)], ids=" ".join)
def test_three_events_of_one_purchase_grant_once_in_any_order(buyer, order):
    buyer.pay(buyer.start_pack("small"))

    for name in order:
        hear(buyer.stripe.events(name)[0])

    assert buyer.movements == [("purchase", 5_000)]


def test_every_event_of_a_purchase_twice_grants_once(buyer):
    buyer.pay(buyer.start_pack("small"))
    for told in [*buyer.stripe.events(), *buyer.stripe.events()[::-1]]:
        hear(told)

    assert buyer.movements == [("purchase", 5_000)]
    assert Payment.objects.get().amount == 500


def test_a_purchase_with_three_d_secure_is_granted(buyer):
    assert buyer.buy("medium", outcome="three_d_secure").credits == 21_000


@pytest.mark.parametrize("outcome", ["decline", "insufficient_funds"])
def test_a_declined_card_grants_nothing_and_the_session_can_still_be_paid(buyer, outcome):
    session = buyer.start_pack("small")
    buyer.pay(session, outcome=outcome)
    buyer.hear()
    assert buyer.movements == []

    buyer.pay(session)
    buyer.hear()
    assert buyer.movements == [("purchase", 5_000)]


def test_a_transfer_that_takes_days_grants_once_it_has_arrived(buyer):
    session = buyer.start_pack("small")
    buyer.pay(session, outcome="delayed")
    buyer.hear()
    assert (buyer.movements, CheckoutSession.objects.get().is_paid) == ([], False)

    buyer.stripe.finish_delayed(session.stripe_id, is_paid=True)
    buyer.hear()
    assert buyer.movements == [("purchase", 5_000)]


def test_a_transfer_that_never_arrives_grants_nothing(buyer):
    session = buyer.start_pack("small")
    buyer.pay(session, outcome="delayed")
    buyer.stripe.finish_delayed(session.stripe_id, is_paid=False)
    buyer.hear()

    assert buyer.movements == []
    assert not Payment.objects.exists()


def test_a_session_that_ran_out_grants_nothing(buyer):
    session = buyer.start_pack("small")
    buyer.stripe.expire_checkout(session.stripe_id)
    buyer.hear()

    assert CheckoutSession.objects.get().status == "expired"
    assert buyer.movements == []


def test_a_double_click_is_one_session(committed_buyer):
    key = new_key()

    sessions = in_threads([lambda: committed_buyer.start_pack("small", key=key)] * 8)

    begun = {session.stripe_id for session in sessions if isinstance(session, CheckoutSession)}
    assert len(begun) == 1
    assert len(list(committed_buyer.stripe.client.v1.checkout.sessions.list())) == 1
    assert len(list(committed_buyer.stripe.client.v1.customers.list())) == 1


# The library repeats a call that met an error, but not one whose answer was cut.
@pytest.mark.parametrize(("kind", "calls"), [("cut_after", 1), ("cut_before", 1), ("error", 2)])
@pytest.mark.parametrize("path", ["/v1/customers", "/v1/checkout/sessions"])
def test_an_answer_that_was_lost_is_asked_for_again_under_its_name(buyer, path, kind, calls):
    key = new_key()
    buyer.stripe.outage(kind, calls=calls, method="POST", path=path)
    with pytest.raises(stripe_client.StripeUnavailableError):
        buyer.start_pack("small", key=key)

    session = buyer.start_pack("small", key=key)

    assert [made.id for made in buyer.stripe.client.v1.checkout.sessions.list()] == [session.stripe_id]
    assert [made.id for made in buyer.stripe.client.v1.customers.list()] == [Customer.objects.get().stripe_id]


def test_a_session_that_we_never_heard_of_is_found_by_its_event(buyer):
    buyer.stripe.outage("cut_after", method="POST", path="/v1/checkout/sessions")
    with pytest.raises(stripe_client.StripeUnavailableError):
        buyer.start_pack("small")

    buyer.stripe.complete_checkout(next(iter(buyer.stripe.client.v1.checkout.sessions.list())).id)
    buyer.hear()

    assert buyer.movements == [("purchase", 5_000)]


@pytest.mark.parametrize("offered", [{"price_amount": 499}, {"currency": "eur"}])
def test_another_amount_or_currency_than_was_offered_grants_nothing(buyer, offered):
    session = buyer.start_pack("small")
    buyer.pay(session)
    CheckoutSession.objects.update(**offered)

    with pytest.raises(PaymentMismatchError):
        checkout.sync_session(session.stripe_id)
    buyer.hear("checkout.session.completed")

    event = WebhookEvent.objects.get()
    assert (event.status, event.attempts) == ("failed", 1)
    assert "PaymentMismatchError" in event.error
    assert buyer.movements == []


def test_a_session_of_somebody_else_is_none_of_ours(buyer):
    price = stripe_client.find_price("pack_small")["id"]
    theirs = buyer.stripe.client.v1.checkout.sessions.create(
        {"mode": "payment", "line_items": [{"price": price, "quantity": 1}], "success_url": "https://shop.test"}
    )
    buyer.stripe.complete_checkout(theirs.id)
    buyer.hear()

    assert buyer.movements == []
    assert set(WebhookEvent.objects.filter(type="checkout.session.completed").values_list("status", flat=True)) == {
        "ignored"
    }


def test_a_purchase_of_one_workspace_brings_another_nothing(new_buyer):
    one, other = new_buyer("one"), new_buyer("other")
    other.pay(other.start_pack("small"))
    one.buy("medium")
    other.hear()

    assert (one.balance, other.balance) == (21_000, 5_000)


def test_a_code_for_everything_makes_a_pack_free_and_still_grants_it(buyer):
    make_code(buyer.stripe, percent_off=100)
    payment = buyer.buy("small", code="GIFT")

    assert (payment.amount, payment.credits, buyer.balance) == (0, 5_000, 5_000)


def test_a_code_changes_the_money_and_not_the_credits(buyer):
    make_code(buyer.stripe, percent_off=20)
    payment = buyer.buy("small", code="GIFT")

    assert (payment.amount, payment.credits) == (400, 5_000)


def make_code(stripe, *, percent_off):
    coupon = stripe.client.v1.coupons.create({"percent_off": percent_off, "duration": "once"})
    stripe.client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "GIFT"})
