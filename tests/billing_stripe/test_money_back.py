"""Refunds and disputes: credits go back with the money; spent ones become a debt until the money comes again."""

import pytest

from apps.billing import payments
from apps.billing.ledger import InsufficientCreditsError
from apps.billing.models import Payment
from apps.billing.payments import RefundTooLargeError
from tests.billing.parallel import in_threads
from tests.billing_stripe.buyer import hear


def refund(payment, amount, *, key="form-1"):
    payment.refresh_from_db()
    payments.refund_payment(payment=payment, amount=amount, idempotency_key=key, actor="user:1", reason="Asked for it.")
    payment.refresh_from_db()


def test_a_refund_of_everything_takes_all_credits_back(buyer):
    payment = buyer.buy("small")
    refund(payment, 500)
    buyer.hear()

    assert buyer.movements == [("purchase", 5_000), ("refund", -5_000)]
    assert (payment.amount_refunded, payment.credits_taken_back) == (500, 5_000)


def test_refunds_in_parts_add_up_to_the_whole(buyer):
    payment = buyer.buy("small")
    for number, amount in enumerate([167, 166, 167]):
        refund(payment, amount, key=f"form-{number}")
        buyer.hear()

    assert buyer.balance == 0
    assert [amount for _kind, amount in buyer.movements] == [5_000, -1_670, -1_660, -1_670]


def test_the_same_refund_twice_returns_the_money_once(buyer):
    payment = buyer.buy("small")
    refund(payment, 100)
    refund(payment, 100)

    assert payment.amount_refunded == 100
    assert buyer.balance == 4_000


@pytest.mark.parametrize("amount", [501, 0, -1])
def test_more_than_was_paid_cannot_be_refunded(buyer, amount):
    payment = buyer.buy("small")
    with pytest.raises(RefundTooLargeError):
        refund(payment, amount)

    assert buyer.stripe.calls(method="POST", path="/v1/refunds") == []
    assert buyer.movements == [("purchase", 5_000)]


def test_more_than_is_left_cannot_be_refunded(buyer):
    payment = buyer.buy("small")
    refund(payment, 400)
    with pytest.raises(RefundTooLargeError):
        refund(payment, 101, key="form-2")

    assert buyer.balance == 1_000


def test_a_refund_from_the_dashboard_is_heard_of(buyer):
    payment = buyer.buy("small")
    buyer.stripe.refund(payment.stripe_payment_intent_id, amount=250)
    buyer.hear()

    assert buyer.balance == 2_500


def test_a_refund_that_the_bank_returns_gives_the_credits_back(buyer):
    payment = buyer.buy("small")
    made = buyer.stripe.refund(payment.stripe_payment_intent_id)
    buyer.hear()
    buyer.stripe.fail_refund(made["id"])
    buyer.hear()

    assert buyer.movements == [("purchase", 5_000), ("refund", -5_000), ("grant", 5_000)]
    assert Payment.objects.get().credits_taken_back == 0


def test_a_refund_that_is_heard_of_before_its_purchase_counts(buyer):
    session = buyer.start_pack("small")
    buyer.pay(session)
    buyer.stripe.refund(session.stripe_id)
    for told in buyer.stripe.events()[::-1]:
        hear(told)

    assert buyer.balance == 0
    assert Payment.objects.get().amount_refunded == 500


def test_many_events_of_one_refund_at_the_same_time_take_back_once(committed_buyer):
    payment = committed_buyer.buy("small")
    committed_buyer.stripe.refund(payment.stripe_payment_intent_id)

    answers = in_threads([lambda: payments.sync_payment(payment.stripe_payment_intent_id)] * 10)

    assert answers == [None] * 10
    assert committed_buyer.movements == [("purchase", 5_000), ("refund", -5_000)]


@pytest.mark.parametrize(("verdict", "balance"), [("won", 5_000), ("lost", 0)])
def test_a_dispute_takes_the_credits_until_it_is_won(buyer, verdict, balance):
    payment = buyer.buy("small")
    dispute = buyer.stripe.dispute(payment.stripe_payment_intent_id)
    buyer.hear()
    assert (buyer.balance, Payment.objects.get().dispute_status) == (0, "open")

    buyer.stripe.close_dispute(dispute["id"], status=verdict)
    buyer.hear()
    assert (buyer.balance, Payment.objects.get().dispute_status) == (balance, verdict)


def test_spent_credits_of_a_dispute_are_a_debt_that_blocks_work_until_it_is_won(buyer):
    payment = buyer.buy("small")
    buyer.spend(4_000)
    dispute = buyer.stripe.dispute(payment.stripe_payment_intent_id)
    buyer.hear()
    assert (buyer.balance, buyer.debt) == (0, 4_000)
    with pytest.raises(InsufficientCreditsError):
        buyer.hold(1)

    buyer.stripe.close_dispute(dispute["id"], status="won")
    buyer.hear()
    assert (buyer.balance, buyer.debt) == (1_000, 0)
    buyer.hold(1_000)


def test_credits_that_a_won_dispute_returned_are_taken_back_by_a_later_refund(buyer):
    payment = buyer.buy("small")
    dispute = buyer.stripe.dispute(payment.stripe_payment_intent_id)
    buyer.hear()
    buyer.stripe.close_dispute(dispute["id"], status="won")
    buyer.hear()

    for part in (200, 300):
        buyer.stripe.refund(payment.stripe_payment_intent_id, amount=part)
        buyer.hear()

    assert (buyer.balance, buyer.debt, Payment.objects.get().credits_taken_back) == (0, 0, 5_000)


def test_a_debt_is_paid_first_by_the_next_purchase(buyer):
    payment = buyer.buy("small")
    buyer.spend(5_000)
    refund(payment, 500)
    buyer.buy("medium")

    assert (buyer.balance, buyer.debt) == (16_000, 0)


def test_held_credits_are_not_taken_from_running_work(buyer):
    payment = buyer.buy("small")
    buyer.hold(3_000)
    refund(payment, 500)

    assert (buyer.balance, buyer.debt) == (3_000, 3_000)


def test_a_dispute_about_a_part_after_a_refund_of_the_rest_takes_everything_once(buyer):
    payment = buyer.buy("small")
    refund(payment, 200)
    buyer.stripe.dispute(payment.stripe_payment_intent_id, amount=300)
    buyer.hear()

    assert buyer.balance == 0
    assert Payment.objects.get().credits_taken_back == 5_000


def test_a_refund_of_a_plans_invoice_takes_its_credits_back(buyer):
    buyer.subscribe("pro")
    refund(Payment.objects.get(), 2_450)

    assert buyer.balance == 35_000


def test_credits_that_were_refunded_may_be_bought_again(buyer):
    refund(buyer.buy("small"), 500)
    buyer.buy("small")

    assert buyer.balance == 5_000
