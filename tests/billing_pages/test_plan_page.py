"""The billing page about plan and payments, and the news above every page, in each standing."""

import html
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Membership
from apps.billing import ledger, selectors
from apps.billing.explanations import explain
from tests.billing_pages.plans import invoice, pay, subscribe
from tests.billing_pages.purses import give
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
PORTAL = 'action="/billing/portal-sessions/"'


@pytest.fixture(autouse=True)
def _selling(settings):
    settings.STRIPE_SECRET_KEY = "sk_test_nobody_asks"


@pytest.fixture
def browser(owner, browser_of):
    return browser_of(owner)


def read(browser, path: str = "/billing/") -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.status_code
    return html.unescape(re.sub(r"\s+", " ", answer.text))


def plan_of(page: str) -> str:
    return re.search(r'<section class="panel plan-panel".*?</section>', page)[0]


def news_of(page: str) -> list[str]:
    return re.findall(r'data-billing-news="(\w+)"', page)


def owe(workspace, amount) -> None:
    ledger.adjust(
        workspace_id=workspace.pk, amount_credits=-amount, allow_debt=True, idempotency_key="owe", actor="x", note="x"
    )


def test_the_free_plan_says_when_credits_come_and_leads_to_the_plans(browser):
    plan = plan_of(read(browser))

    assert "Plan: Free" in plan
    assert "your balance is filled up to 100 credits" in plan
    assert 'href="/pricing/#plans"' in plan
    assert PORTAL not in plan


def test_a_paid_plan_says_what_it_costs_and_when_it_renews(browser, workspace):
    subscribe(workspace, plan="pro")
    page = read(browser)

    assert "<b>$49</b> a month" in plan_of(page)
    assert "70,000 credits each month" in plan_of(page)
    assert "It renews on" in plan_of(page)
    assert "Change or cancel" in plan_of(page)
    assert news_of(page) == []


def test_a_yearly_plan_says_the_years_price(browser, workspace):
    subscribe(workspace, plan="pro", interval="year")

    assert "<b>$490</b> a year" in plan_of(read(browser))


def test_a_plan_that_will_end_says_when(browser, workspace):
    ends_at = timezone.now() + timedelta(days=12)
    subscribe(workspace, plan="pro", cancel_at=ends_at)
    plan = plan_of(read(browser))

    assert "Ends soon" in plan
    assert "It ends on" in plan
    assert "It renews" not in plan


def test_a_trial_says_when_it_ends_and_what_it_then_costs(browser, workspace):
    subscribe(workspace, plan="starter", status="trialing")
    page = read(browser)

    assert "It then costs $12, unless you cancel before." in plan_of(page)
    assert news_of(page) == []


def test_a_trial_that_ends_soon_is_news(browser, workspace):
    subscribe(workspace, plan="starter", status="trialing", trial_end=timezone.now() + timedelta(days=2))

    assert news_of(read(browser, "/usage/")) == ["trial_ends"]


def test_a_trial_that_was_canceled_is_no_news(browser, workspace):
    soon = timezone.now() + timedelta(days=2)
    subscribe(workspace, plan="starter", status="trialing", trial_end=soon, cancel_at=soon)

    assert news_of(read(browser, "/usage/")) == []


def test_a_failed_payment_is_news_with_the_amount_and_the_end_of_the_grace(browser, workspace):
    subscription = subscribe(workspace, plan="starter", status="past_due")
    due = {"total": 1200, "hosted_url": "https://invoice.stripe.example/due"}
    invoice(workspace, status="open", stripe_subscription_id=subscription.stripe_id, **due)
    page = read(browser, "/generations/")

    assert news_of(page) == ["grace"]
    assert "Your payment of $12 did not go through." in page
    assert "Starter goes on until" in page
    assert 'href="https://invoice.stripe.example/due">Pay now<' in page


def test_the_plan_says_the_same_on_the_billing_page(browser, workspace):
    subscription = subscribe(workspace, plan="starter", status="past_due")
    invoice(workspace, status="open", total=1200, stripe_subscription_id=subscription.stripe_id)
    page = read(browser)

    assert "A payment of $12 did not go through." in plan_of(page)
    assert 'data-standing="grace"' in plan_of(page)
    assert news_of(page) == ["grace"]


@pytest.mark.parametrize("status", ["past_due", "unpaid"])
def test_after_the_grace_the_plan_is_on_hold(browser, workspace, status):
    subscribe(workspace, plan="pro", status=status, past_due_since=timezone.now() - timedelta(days=8))
    page = read(browser)

    assert news_of(page) == ["overdue"]
    assert "Pro is on hold until it is paid. Your texts and your credits stay." in page
    assert "Your last payment did not go through." in page
    assert "The limits of the free plan hold" in plan_of(page)


def test_the_first_payment_that_is_not_through_is_told(browser, workspace):
    subscribe(workspace, plan="pro", status="incomplete")
    page = read(browser)

    assert "The first payment has not gone through yet" in plan_of(page)
    assert news_of(page) == []


def test_a_debt_is_news_and_leads_to_the_packs(browser, workspace):
    owe(workspace, 1_200)
    page = read(browser)

    assert news_of(page) == ["debt"]
    assert "You owe 1,200 credits" in page
    assert 'href="/billing/#buy"' in page


@pytest.mark.parametrize("path", ["/settings/", "/billing/", "/usage/"])
def test_news_are_for_those_who_pay(browser, workspace, path):
    subscribe(workspace, plan="pro", status="unpaid")
    before = news_of(read(browser, path))
    Membership.objects.filter(workspace=workspace).update(role="member")

    assert (before, news_of(read(browser, path))) == (["overdue"], [])


def test_another_workspace_is_no_news(browser):
    subscribe(MembershipFactory().workspace, plan="pro", status="unpaid")

    assert news_of(read(browser)) == []


def test_packs_stand_beside_the_balance_with_one_form(browser):
    page = read(browser)

    assert [offer for offer in re.findall(r'name="offer" value="([^"]+)"', page)] == [
        "pack:small",
        "pack:medium",
        "pack:large",
    ]
    assert page.count('id="buy-form"') == 1
    assert "once, and they never expire" in page


def test_a_member_who_may_not_spend_sees_no_buttons(browser, workspace):
    subscribe(workspace, plan="pro")
    Membership.objects.filter(workspace=workspace).update(role="member")
    page = read(browser)

    assert 'name="offer"' not in page
    assert PORTAL not in page
    assert "Owners and admins of this workspace can change the plan." in page


def test_payments_and_invoices_are_listed_with_what_became_of_them(browser, workspace):
    pay(workspace)
    pay(workspace, amount_refunded=200, credits_taken_back=2_000)
    pay(workspace, kind="plan", amount=4900, credits=70_000, dispute_status="open", amount_disputed=4900)
    invoice(workspace, hosted_url="https://invoice.stripe.example/1", pdf_url="https://invoice.stripe.example/1.pdf")
    invoice(workspace, status="draft", number="KEEL-DRAFT")
    page = read(browser)

    for said in (
        "$2 refunded",
        "2,000 credits taken back",
        "Disputed",
        "KEEL-0001",
        "https://invoice.stripe.example/1",
    ):
        assert said in page
    assert "KEEL-DRAFT" not in page


@pytest.mark.parametrize(
    ("became", "said"),
    [
        ({}, "5,000 credits"),
        ({"kind": "top_up"}, "Auto top-up: 5,000 credits"),
        ({"amount_refunded": 500, "credits_taken_back": 5_000}, "Refunded"),
        ({"dispute_status": "lost", "amount_disputed": 500}, "Returned after a dispute"),
    ],
)
def test_a_receipt_says_what_was_paid_and_what_became_of_it(browser, workspace, became, said):
    paid = pay(workspace, **became)

    page = read(browser, f"/billing/receipts/{paid.pk}/")

    assert said in page
    assert "https://pay.stripe.example/receipts/1" in page


def test_a_receipt_is_nobody_elses(browser):
    assert browser.get(f"/billing/receipts/{pay(MembershipFactory().workspace).pk}/").status_code == 404


def test_entries_lead_to_their_receipts(workspace):
    paid = pay(workspace)
    ledger.refund(
        entry_id=paid.grant_entry_id,
        amount_credits=2_000,
        idempotency_key=f"payment:{paid.pk}:correction:1",
        actor="stripe",
        note="refunded",
    )

    entries = selectors.list_entries(workspace.pk).select_related("grant", "payment")
    assert {explain(entry).subject_url for entry in entries} == {f"/billing/receipts/{paid.pk}/"}


@pytest.mark.parametrize(
    ("key", "source", "said"),
    [
        ("trial:sub_1", "plan", "Credits of your trial."),
        ("allowance:2026-12", "plan", "The free plan filled up your balance."),
        ("payment:invoice:in_1", "plan", "Credits of your plan."),
        ("overage:1", "overage", "Credits beyond your balance: on the next invoice of your plan."),
    ],
)
def test_every_way_in_has_its_sentence(workspace, key, source, said):
    ledger.grant(workspace_id=workspace.pk, amount_credits=1, source=source, idempotency_key=key)

    assert str(explain(selectors.list_entries(workspace.pk).get()).sentence) == said


def test_older_pages_show_the_ledger_alone(browser, workspace):
    for number in range(51):
        give(workspace, 1 + number)

    page = read(browser, "/billing/?before=10")

    assert "Every movement" in page
    assert "plan-panel" not in page
    assert 'id="buy-form"' not in page
