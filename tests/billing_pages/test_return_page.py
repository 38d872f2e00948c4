"""The page that people come back to: it mostly knows, it waits where it must, and it says what is true."""

import time

import pytest

from apps.accounts.models import Membership
from apps.billing import checkout
from apps.billing.models import CheckoutSession, Payment
from apps.core.models import OutgoingMail
from tests.billing_pages.customer import page_of, plain
from tests.billing_pages.purses import spend

pytestmark = pytest.mark.django_db
COMPOSER = "/generations/new/?template=summary"


def look_again(customer, session, *, seconds_ago: object = 1):
    asked_at = int(time.time()) - seconds_ago if isinstance(seconds_ago, int) else seconds_ago
    headers = {"HX-Request": "true", "HX-Target": "checkout-status"}
    return customer.browser.get(f"{page_of(session)}?asked_at={asked_at}", headers=headers)


def test_the_page_already_knows_though_no_event_has_arrived(customer):
    page = customer.buy("pack:small", next=COMPOSER)

    assert "5,000 credits are yours" in page
    assert "You paid $5." in page
    assert "They never expire." in page
    assert f'href="{COMPOSER}"' in page
    assert f"/billing/receipts/{Payment.objects.get().pk}/" in page
    assert customer.available == 5_000


def test_who_has_bought_on_the_pricing_page_goes_on_to_work(customer):
    assert '<a class="btn btn-primary" href="/generations/new/">' in customer.buy("pack:small", next="/pricing/")


def test_a_plan_is_told_with_its_credits_and_its_renewal(customer):
    page = customer.buy("plan:pro:month")

    assert "Pro is yours" in page
    assert "70,000 credits are in your balance" in page
    assert "It renews on" in page
    assert customer.available == 70_000


def test_a_trial_is_told_with_its_credits_and_its_end(customer):
    page = customer.buy("plan:starter:month")

    assert "Your trial of Starter has begun" in page
    assert "1,000 credits are yours." in page
    assert "cancel until then, and pay nothing" in page
    assert customer.available == 1_000


def test_coming_back_twice_and_hearing_the_events_brings_the_credits_once(customer):
    session = customer.pay("pack:small")

    for _time in range(2):
        customer.come_back(session)
        customer.hear_everything()

    assert customer.available == 5_000
    assert Payment.objects.count() == 1


def test_an_ended_purchase_is_told_without_asking_stripe(customer):
    session = customer.pay("pack:small")
    customer.come_back(session)
    before = len(customer.stripe.calls())

    assert "5,000 credits are yours" in customer.come_back(session)
    assert len(customer.stripe.calls()) == before


def test_while_stripe_cannot_be_asked_the_page_confirms_and_looks_again(customer):
    session = customer.pay("pack:small")
    customer.stripe.outage("error", calls=9)

    page = customer.come_back(session)

    assert "Confirming your payment" in page
    assert 'hx-trigger="every 2s"' in page
    assert '<div role="status">' in page
    assert customer.available == 0


def test_nothing_new_is_an_empty_answer_that_never_asks_stripe(customer):
    session = customer.pay("pack:small")
    before = len(customer.stripe.calls())

    answer = look_again(customer, session)

    assert (answer.status_code, answer.content) == (204, b"")
    assert len(customer.stripe.calls()) == before


def test_what_the_webhook_brings_is_shown_by_the_next_look(customer):
    session = customer.pay("pack:small")
    customer.hear_everything()

    answer = look_again(customer, session)

    assert answer.status_code == 200
    assert "5,000 credits are yours" in plain(answer.text)
    assert "<html" not in answer.text
    assert "every 2s" not in answer.text


@pytest.mark.parametrize("since", [61, "", "x", "9" * 40, "-1"])
def test_looking_again_has_an_end_and_a_sentence(customer, since):
    session = customer.pay("pack:small")

    answer = look_again(customer, session, seconds_ago=since)

    assert answer.status_code == 200
    assert "This takes longer than usual" in answer.text
    assert "every 2s" not in answer.text


def test_a_transfer_on_its_way_is_told_as_such_and_brings_nothing_yet(customer):
    session = customer.pay("pack:small", outcome="delayed")

    page = customer.come_back(session)

    assert "Your bank is working on it" in page
    assert customer.available == 0


def test_a_transfer_that_arrived_brings_its_credits(customer):
    session = customer.pay("pack:small", outcome="delayed")
    customer.come_back(session)
    customer.stripe.finish_delayed(session.stripe_id, is_paid=True)

    assert "5,000 credits are yours" in customer.come_back(session)
    assert customer.available == 5_000


def test_a_transfer_that_failed_is_told_on_the_page_and_once_by_mail(customer):
    session = customer.pay("pack:small", outcome="delayed")
    customer.come_back(session)
    customer.stripe.finish_delayed(session.stripe_id, is_paid=False)

    for _time in range(2):
        customer.hear_everything()
        assert "Your payment did not arrive" in customer.come_back(session)

    assert customer.available == 0
    assert OutgoingMail.objects.filter(key__startswith=f"purchase-failed:{session.pk}:").count() == 1


def test_who_comes_back_without_paying_finds_the_way_to_the_payment_page(customer):
    session = customer.start("pack:small", next=COMPOSER)

    page = customer.come_back(session)

    assert "Not paid yet" in page
    assert f'href="{session.url}"' in page
    assert f'href="{COMPOSER}"' in page


def test_a_declined_card_is_not_paid_yet(customer):
    session = customer.start("pack:small")
    customer.stripe.complete_checkout(session.url, outcome="decline")

    assert "Not paid yet" in customer.come_back(session)
    assert customer.available == 0


def test_an_expired_checkout_offers_to_begin_again_with_a_new_key(customer):
    session = customer.start("pack:small", next=COMPOSER)
    customer.stripe.expire_checkout(session.stripe_id)

    page = customer.come_back(session)

    assert "This checkout has expired" in page
    assert 'name="offer" value="pack:small"' in page
    assert 'name="next" value="/generations/new/?template=summary"' in page
    assert session.idempotency_key not in page


def test_the_offer_of_an_expired_plan_can_be_bought_again(customer):
    session = customer.start("plan:pro:year")
    customer.stripe.expire_checkout(session.stripe_id)

    assert 'name="offer" value="plan:pro:year"' in customer.come_back(session)
    assert "Pro is yours" in customer.buy("plan:pro:year")


def test_a_member_who_may_not_spend_sees_the_outcome_and_no_way_to_pay(customer):
    session = customer.start("pack:small")
    Membership.objects.filter(workspace=customer.workspace).update(role="member")

    page = customer.come_back(session)

    assert "Not paid yet" in page
    assert session.url not in page


def test_a_plan_that_has_ended_since_is_still_told_as_bought(customer):
    session = customer.pay("plan:pro:month")
    customer.come_back(session)
    customer.stripe.client.v1.subscriptions.cancel(customer.subscription.stripe_id)
    customer.hear_everything()

    assert "Pro is yours" in customer.come_back(session)


def test_credits_that_were_spent_since_are_still_told_as_bought(customer):
    session = customer.pay("pack:small")
    customer.come_back(session)
    spend(customer.workspace, 4_000)

    assert "5,000 credits are yours" in customer.come_back(session)


def test_a_session_whose_start_was_lost_asks_nobody(customer):
    session = CheckoutSession.objects.create(
        workspace=customer.workspace,
        idempotency_key="lost",
        kind="pack",
        offer="small",
        price_amount=500,
        currency="usd",
        credits=5_000,
    )
    before = len(customer.stripe.calls())

    assert "Confirming your payment" in customer.come_back(session)
    assert len(customer.stripe.calls()) == before


def test_a_purchase_that_is_not_what_was_offered_brings_nothing_and_breaks_nothing(customer):
    session = customer.pay("pack:small")
    CheckoutSession.objects.update(price_amount=1)

    assert "Confirming your payment" in customer.come_back(session)
    with pytest.raises(checkout.payments.PaymentMismatchError):
        checkout.sync_session(session.stripe_id)
    assert customer.available == 0
