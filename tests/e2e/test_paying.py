"""From the last free credit to a plan that ends: in a real browser, on our pages and on those of the local Stripe."""

import re
import sys

import pytest

from apps.billing.catalogue import load_catalogue
from tests.e2e.test_journey import customer  # noqa: F401 - a fixture
from tests.product import wait_for

TEXT = "Tell our sailors about the new tide tables & harbours."
COMPOSER = "/generations/new/?template=product-announcement"
# Stripe's events, a worker and a page that is loaded again, on a machine that does much besides.
PATIENCE_SECONDS = 40
LEAVE = """
import uuid
from apps.accounts.models import Workspace
from apps.billing import ledger, selectors
from apps.core.db import system_scope
with system_scope():
    workspace = Workspace.objects.get(members__email="{email}")
    spent = selectors.get_balance(workspace.pk).available - {left}
    placed = ledger.place_hold(
        workspace_id=workspace.pk, amount_credits=spent, ttl_seconds=60, idempotency_key=str(uuid.uuid4())
    )
    ledger.capture(hold_id=placed.id, amount_credits=spent, idempotency_key=str(uuid.uuid4()))
"""


@pytest.fixture
def buyer(page, customer, shared_product):  # noqa: F811
    """A new customer's tab. Her pages load in the order of her clicks, however busy the machine is."""
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.email = customer
    return page


def spend_down_to(product, email, *, left):
    script = LEAVE.format(email=email, left=left)
    product.run(f"{sys.executable} manage.py shell -c '{script}'")


def pay_at_stripe(page):
    page.wait_for_url("**/c/pay/**")
    page.click("#pay")


def see(page, text, *, path="/billing/"):
    """Load a page again until it says something: what Stripe tells arrives when it arrives."""

    def says():
        page.goto(path)
        return text in " ".join(page.inner_text("body").split())

    wait_for(says, seconds=PATIENCE_SECONDS)


def subscription_of(product, email):
    return product.value(
        "SELECT stripe_id FROM billing_subscription JOIN accounts_membership USING (workspace_id)"
        " JOIN accounts_user ON accounts_user.id = user_id WHERE email = %s",
        email,
    )


def stripe_customer_of(product, email):
    return product.value(
        "SELECT stripe_id FROM billing_customer JOIN accounts_membership USING (workspace_id)"
        " JOIN accounts_user ON accounts_user.id = user_id WHERE email = %s",
        email,
    )


def type_text(page):
    page.goto(COMPOSER)
    page.fill("input[name=product]", "Tide tables")
    page.fill("textarea[name=details]", TEXT)
    page.select_option("select[name=model]", "keel-demo-fast")


def open_portal(page, label):
    page.goto("/billing/")
    page.click(f"text={label}")
    page.wait_for_url("**/p/session/**")


def test_at_the_end_of_the_free_credits_a_pack_is_one_click_away_and_the_text_stays(buyer, shared_product):
    spend_down_to(shared_product, buyer.email, left=2)
    type_text(buyer)
    buyer.wait_for_selector("#paywall-title")
    assert not buyer.is_visible(".composer-submit")

    buyer.click("#paywall button:has-text('Buy for $5')")
    pay_at_stripe(buyer)
    buyer.wait_for_selector("text=5,000 credits are yours")
    buyer.click("text=Back to your text")
    buyer.wait_for_selector(".composer-submit:visible")

    assert buyer.input_value("textarea[name=details]") == TEXT
    assert buyer.input_value("select[name=model]") == "keel-demo-fast"
    assert buyer.locator("#paywall-title").count() == 0
    buyer.click(".composer-submit")
    buyer.wait_for_selector("[data-status=succeeded]")


def test_who_leaves_without_paying_is_back_at_the_text_and_the_paywall(buyer, shared_product):
    spend_down_to(shared_product, buyer.email, left=0)
    type_text(buyer)
    buyer.click("#paywall button:has-text('Buy for $5')")
    buyer.wait_for_url("**/c/pay/**")

    buyer.click("#abandon")
    buyer.wait_for_selector("#paywall-title")

    assert buyer.input_value("textarea[name=details]") == TEXT


def test_a_text_that_cannot_be_paid_any_more_is_refused_with_the_choices(buyer, shared_product):
    type_text(buyer)
    buyer.wait_for_selector("#generation-estimate[data-amount]")
    spend_down_to(shared_product, buyer.email, left=1)

    buyer.click(".composer-submit")
    buyer.wait_for_selector("#paywall-title")

    assert buyer.locator("[data-pending]").count() == 0
    assert buyer.input_value("textarea[name=details]") == TEXT
    wait_for(lambda: buyer.evaluate("document.activeElement.id === 'paywall-title'"), seconds=3)


def test_a_plan_begins_renews_fails_is_paid_and_ends(buyer, shared_product):
    stripe = shared_product.stripe
    buyer.goto("/pricing/")
    buyer.click("#plan-pro button:visible")
    pay_at_stripe(buyer)
    buyer.wait_for_selector("text=Pro is yours")
    see(buyer, "70,500 Held")

    subscription = subscription_of(shared_product, buyer.email)
    stripe.renew(subscription)
    see(buyer, "140,500 Held")

    owner = stripe_customer_of(shared_product, buyer.email)
    stripe.fail_payments(owner)
    stripe.renew(subscription)
    see(buyer, "Your payment of $49 did not go through. Pro goes on until", path="/generations/new/")

    stripe.fail_payments(owner, times=0)
    buyer.click("text=Pay now")
    buyer.click("#pay")
    see(buyer, "210,500 Held")
    assert buyer.locator("[data-billing-news]").count() == 0

    open_portal(buyer, "Change or cancel")
    buyer.click("#cancel")
    buyer.click("#return")
    see(buyer, "Until then everything stays as it is, and nothing more is charged.")


def test_a_visitor_chooses_a_plan_before_there_is_an_account(page, shared_product):
    page.goto("/pricing/")
    page.check("#interval-year", force=True)
    assert not page.is_visible("#plan-pro [data-interval=month]")

    page.click("#plan-pro a:visible")

    next_path = page.input_value("main input[name=next]")
    assert re.fullmatch(r"/pricing/\?interval=year#plan-pro", next_path)
    assert load_catalogue().find_plan("pro").prices["year"] == 49_000
