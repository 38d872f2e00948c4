"""Mails about money: to those who run the workspace, once per reason, with the right numbers and dates."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.billing import notices
from apps.billing.models import Invoice, Payment
from tests.billing_spending.customers import mails, subjects, subscribe, team

pytestmark = pytest.mark.django_db
PAID_AT = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)


def pay(workspace, **fields) -> Payment:
    known = {"kind": "pack", "source_key": "checkout:cs_1", "amount": 2_000, "currency": "usd", "credits": -1}
    return Payment.objects.create(workspace=workspace, paid_at=PAID_AT, **known | fields)


def invoice(workspace, **fields) -> Invoice:
    known = {"stripe_id": "in_1", "status": "open", "total": 4_900, "currency": "usd", "attempt_count": 1}
    return Invoice.objects.create(workspace=workspace, issued_at=PAID_AT, fetch_ticket=1, **known | fields)


def changed(workspace, *, before: dict | None, after: dict) -> list[str]:
    """The subjects of the mails about what became of a plan."""
    subscription = subscribe(workspace, **(before or {}))
    earlier = type(subscription).objects.get(pk=subscription.pk) if before is not None else None
    for name, value in after.items():
        setattr(subscription, name, value)
    for _twice in range(2):
        notices.send_plan_changed(subscription=subscription, before=earlier)
    return subjects("plan-")


def test_those_who_run_the_workspace_are_told_and_nobody_else():
    workspace, (owner, admin, _member, gone) = team("owner", "admin", "member", "owner")
    gone.is_active = False
    gone.save()

    notices.send_receipt(pay(workspace))

    assert sorted(mail.to for mail in mails()) == sorted([owner.email, admin.email])


def test_a_receipt_says_what_was_bought_and_leads_to_it_through_us(workspace):
    payment = pay(workspace, amount=2_050)

    notices.send_receipt(payment)
    notices.send_receipt(payment)

    [mail] = mails("receipt:")
    assert mail.subject == "Receipt: $20.50 to Keel"
    assert f"/billing/receipts/{payment.pk}/" in mail.text
    assert "For: Credit pack" in mail.text


def test_a_date_is_the_readers_own(workspace, owner):
    owner.time_zone = "Asia/Tokyo"
    owner.save()

    notices.send_receipt(pay(workspace))

    assert "Paid on: 1 December 2026" in mails("receipt:")[0].text


def test_an_invoice_of_nothing_is_no_news(workspace):
    notices.send_receipt(pay(workspace, amount=0))

    assert mails() == []


def test_a_plan_is_named_in_its_receipt(workspace):
    subscription = subscribe(workspace)

    notices.send_receipt(pay(workspace, kind="plan", stripe_subscription_id=subscription.stripe_id))

    assert "For: Plan Pro" in mails("receipt:")[0].text


def test_a_failed_payment_is_told_per_attempt_with_what_happens_when(workspace):
    failed, grace_ends_at = invoice(workspace), PAID_AT + timedelta(days=7)
    for attempt in (1, 1, 2):
        failed.attempt_count = attempt
        notices.send_payment_failed(workspace_id=workspace.pk, invoice=failed, grace_ends_at=grace_ends_at)

    first, _second = mails("payment-failed:")
    assert first.subject == "Your payment of $49 did not go through"
    assert "until 7 December 2026" in first.text


def test_a_payment_without_grace_says_that_the_plan_has_not_begun(workspace):
    notices.send_payment_failed(workspace_id=workspace.pk, invoice=invoice(workspace), grace_ends_at=None)

    assert "The plan begins as soon as the payment arrives" in mails("payment-failed:")[0].text


LATER = timezone.now() + timedelta(days=20)
ENDING, ENDED = {"cancel_at": LATER}, {"status": "canceled", "ended_at": PAID_AT}
CHANGES = {
    "a new one": (None, {}, "Your plan Pro has started"),
    "paid at last": ({"status": "incomplete"}, {"status": "active"}, "Your plan Pro has started"),
    "a trial": (None, {"status": "trialing", "trial_end": LATER}, "Your plan Pro has started"),
    "another plan": ({"plan": "starter"}, {"plan": "pro"}, "Your plan is now Pro"),
    "another interval": ({}, {"interval": "year"}, "Your plan is now Pro"),
    "canceled": ({}, ENDING, f"Your plan Pro ends on {LATER:%-d %B}"),
    "resumed": (ENDING, {"cancel_at": None}, "Your plan Pro goes on"),
    "ended": (ENDING, ENDED, "Your plan Pro has ended"),
    "ended unpaid": ({"status": "unpaid"}, ENDED, "Your plan Pro has ended"),
}
SILENT = {
    "nothing": ({}, {}),
    "overdue": ({}, {"status": "past_due", "past_due_since": PAID_AT}),
    "paid again": ({"status": "past_due", "past_due_since": PAID_AT}, {"status": "active"}),
    "never paid": ({"status": "incomplete"}, {"status": "incomplete_expired"}),
    "not paid yet": (None, {"status": "incomplete"}),
    "the trial is paid": ({"status": "trialing"}, {"status": "active"}),
    "ended before we heard of it": (None, ENDED),
    "ended twice": (ENDED, ENDED),
}


@pytest.mark.parametrize(("before", "after", "subject"), CHANGES.values(), ids=CHANGES)
def test_what_becomes_of_a_plan_is_told_once(workspace, before, after, subject):
    assert changed(workspace, before=before, after=after) == [subject]


@pytest.mark.parametrize(("before", "after"), SILENT.values(), ids=SILENT)
def test_what_is_no_news_is_not_told(workspace, before, after):
    assert changed(workspace, before=before, after=after) == []


def test_canceling_twice_is_told_twice(workspace):
    subscription = subscribe(workspace)
    plain = type(subscription).objects.get(pk=subscription.pk)
    for ticket in (2, 3):
        subscription.cancel_at, subscription.fetch_ticket = LATER, ticket
        notices.send_plan_changed(subscription=subscription, before=plain)

    assert len(mails("plan-ending:")) == 2


@pytest.mark.parametrize(("credits", "dispute", "words"), [
    (500, "none", "The money is on its way back"),
    (500, "open", "its holder disputes it"),
    (-500, "won", "has been returned"),
])  # fmt: skip
def test_what_a_refund_or_a_dispute_takes_back_is_told(workspace, credits, dispute, words):
    payment = pay(workspace, dispute_status=dispute)

    notices.send_credits_taken_back(payment, credits=credits)
    notices.send_credits_taken_back(payment, credits=credits)

    [mail] = mails("credits-taken-back:")
    assert words in mail.text
    assert re.search(r"Credits (taken back|returned): 500\n", mail.text)
