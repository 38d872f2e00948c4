"""Staff return money from the admin: shown before, once per form, never more than is left, with a trace."""

import uuid

import pytest
from django.contrib.auth.models import Permission

from apps.billing import ledger, refunds
from apps.billing.admin.payments import list_corrections
from apps.billing.models import Payment
from apps.billing.prove import prove
from apps.core.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(shopper) -> Payment:
    return shopper.buy_pack("small")


def refund(browser, payment, *, amount="5", key=None, reason="An apology", confirmed="yes"):
    form = {"amount": amount, "reason": reason, "key": key or uuid.uuid4()} | (
        {"confirmed": confirmed} if confirmed else {}
    )
    return browser.post(f"/admin/billing/payment/{payment.pk}/refund/", form)


def spend(workspace, *, amount_credits: int) -> None:
    hold = ledger.place_hold(
        workspace_id=workspace.pk, amount_credits=amount_credits, ttl_seconds=60, idempotency_key=str(uuid.uuid4())
    )
    ledger.capture(hold_id=hold.id, amount_credits=amount_credits, idempotency_key=f"capture:{hold.id}")


def refunded_at_stripe(shopper) -> list[int]:
    return [found.amount for found in shopper.stripe.client.v1.refunds.list().data]


def test_a_refund_returns_money_and_takes_its_credits_back(browser, shopper, payment):
    response = refund(browser, payment, amount="2.50")

    payment.refresh_from_db()
    assert response["Location"] == f"/admin/billing/payment/{payment.pk}/change/"
    assert (payment.amount_refunded, payment.credits_taken_back, shopper.balance) == (250, 2_500, 2_500)
    assert refunded_at_stripe(shopper) == [250]
    assert prove() == []


def test_the_first_step_only_shows_what_it_would_take_back(browser, shopper, payment, workspace):
    spend(workspace, amount_credits=4_000)

    page = refund(browser, payment, amount="2.50", confirmed=None)

    assert "Return $2.50 to the customer?" in page.text
    assert "It takes back 2,500 credits" in page.text
    assert "1,500 of them are spent or reserved already" in page.text
    assert refunded_at_stripe(shopper) == []


def test_credits_that_are_spent_become_the_debt_that_was_shown(browser, shopper, payment, workspace):
    spend(workspace, amount_credits=4_000)

    refund(browser, payment, amount="2.50")

    assert (shopper.balance, shopper.debt) == (0, 1_500)


def test_a_form_that_is_sent_twice_refunds_once(browser, shopper, payment):
    key = uuid.uuid4()

    refund(browser, payment, amount="2", key=key)
    again = refund(browser, payment, amount="2", key=key)

    assert "This was done before" in browser.get(again["Location"]).text
    assert refunded_at_stripe(shopper) == [200]
    assert AuditEntry.objects.filter(action="payment_refunded").count() == 1


def test_a_full_refund_that_is_sent_twice_is_no_error(browser, payment):
    key = uuid.uuid4()

    refund(browser, payment, key=key)

    assert refund(browser, payment, key=key).status_code == 302


@pytest.mark.parametrize("amount", ["5.01", "0", "-1", "0.001", "x", "", "NaN", "1e9"])
def test_more_than_is_left_and_what_is_no_amount_are_refused(browser, shopper, payment, amount):
    page = refund(browser, payment, amount=amount)

    assert page.context["form"].errors
    assert refunded_at_stripe(shopper) == []


def test_after_a_part_only_the_rest_can_be_returned(browser, shopper, payment):
    refund(browser, payment, amount="4")

    assert "At most $1 is left" in refund(browser, payment, amount="2").text
    refund(browser, payment, amount="1")

    assert sorted(refunded_at_stripe(shopper)) == [100, 400]
    assert "Nothing is left to return" in browser.get(f"/admin/billing/payment/{payment.pk}/refund/").text


def test_a_refund_needs_a_reason(browser, payment):
    assert refund(browser, payment, reason=" ").context["form"].errors


def test_who_refunded_what_and_why_is_in_the_audit_log_and_at_stripe(browser, staff, shopper, payment):
    refund(browser, payment, amount="1")

    entries = {entry.action: entry for entry in AuditEntry.objects.filter(subject=f"payment:{payment.pk}")}
    assert entries.keys() == {"refund_requested", "payment_refunded"}
    assert entries["payment_refunded"].actor == f"user:{staff.pk}"
    assert entries["payment_refunded"].details["reason"] == "An apology"
    assert shopper.stripe.client.v1.refunds.list().data[0].metadata["actor"] == f"user:{staff.pk}"


def test_an_outage_is_told_and_the_same_form_can_be_sent_again(browser, shopper, payment):
    key = uuid.uuid4()
    shopper.stripe.outage("cut_after", calls=2, path="/v1/refunds")

    page = refund(browser, payment, amount="1", key=key)
    shopper.stripe.end_outages()
    refund(browser, payment, amount="1", key=key)

    assert page.context["form"].errors or page.status_code == 302
    assert refunded_at_stripe(shopper) == [100]
    assert Payment.objects.get().amount_refunded == 100


def test_what_stripe_refuses_is_told_in_its_words(browser, shopper, payment):
    shopper.stripe.refund(payment.stripe_payment_intent_id)

    page = refund(browser, payment)

    assert "Stripe refused:" in page.text
    assert AuditEntry.objects.filter(action="payment_refunded").count() == 0


def test_staff_without_the_permission_may_not_refund(browser, staff, shopper, payment):
    staff.user_permissions.remove(Permission.objects.get(codename="refund_payment"))

    assert refund(browser, payment).status_code == 403
    assert "refund/" not in browser.get(f"/admin/billing/payment/{payment.pk}/change/").text
    assert refunded_at_stripe(shopper) == []


def test_money_that_never_moved_cannot_be_returned(browser, shopper, payment):
    Payment.objects.filter(pk=payment.pk).update(stripe_payment_intent_id=None)

    assert refunds.refundable(Payment.objects.get()) == 0
    assert "Nothing is left to return" in refund(browser, payment).text


def test_the_page_of_a_payment_lists_what_was_taken_back_and_what_came_back(browser, shopper, payment):
    dispute = shopper.stripe.dispute(payment.stripe_payment_intent_id)
    shopper.hear_everything()
    shopper.stripe.close_dispute(dispute["id"], status="won")
    shopper.hear_everything()

    page = browser.get(f"/admin/billing/payment/{payment.pk}/change/").text

    corrections = [entry.amount for entry in list_corrections(Payment.objects.get())]
    assert corrections == [-5_000, 5_000]
    assert all(f"{amount:+,}" in page for amount in corrections)
    assert "Dispute won" in page
