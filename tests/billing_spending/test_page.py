"""The page of the spending rules: who may, what it offers, what it refuses, and what it writes down."""

import pytest
from django.test import Client

from apps.accounts.models import Membership
from apps.billing.models import SpendingRules, TopUp
from apps.core.models import AuditEntry
from tests.billing_spending.customers import allow_overage, give, rules_of, set_rules, spend, subscribe

pytestmark = pytest.mark.django_db
PAGE = "/billing/spending/"
SENT = {
    "monthly_cap_credits": "5000",
    "tops_up": "on",
    "top_up_pack": "medium",
    "top_up_threshold_credits": "300",
    "top_up_monthly_cap": "60.50",
    "overage_cap_credits": "3000",
}


@pytest.fixture
def browser(owner) -> Client:
    browser = Client()
    browser.force_login(owner)
    return browser


@pytest.fixture
def pro(workspace):
    subscribe(workspace)
    return workspace


def test_what_is_sent_is_saved_and_written_down(browser, pro, owner):
    answer = browser.post(PAGE, SENT, follow=True)

    rules, entry = rules_of(pro.pk), AuditEntry.objects.get(action="spending_rules_changed")
    assert "Your spending rules are saved." in answer.text
    assert (rules.monthly_cap_credits, rules.tops_up, rules.top_up_pack) == (5_000, True, "medium")
    assert (rules.top_up_threshold_credits, rules.top_up_monthly_cap_amount) == (300, 6_050)
    assert (rules.overage_cap_credits, entry.actor) == (3_000, f"user:{owner.pk}")
    assert entry.details["monthly_cap_credits"] == [None, 5_000]


def test_saving_the_same_again_is_no_change(browser, pro):
    for _twice in range(2):
        browser.post(PAGE, SENT)

    assert AuditEntry.objects.filter(action="spending_rules_changed").count() == 1


def test_what_is_left_empty_is_no_cap_and_nothing_is_bought(browser, pro):
    browser.post(PAGE, SENT)

    browser.post(PAGE, {})

    rules = rules_of(pro.pk)
    assert (rules.monthly_cap_credits, rules.tops_up, rules.overage_cap_credits) == (None, False, 0)


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"overage_cap_credits": "1500"}, "Enter 2,000, for example."),
    ({"top_up_monthly_cap": "19.99"}, "Enter at least $20, the price of one pack."),
    ({"top_up_monthly_cap": ""}, "Enter at least $20, the price of one pack."),
    ({"top_up_monthly_cap": "20.001"}, "no more than 2 decimal places"),
    ({"top_up_threshold_credits": ""}, "Enter when to buy."),
    ({"top_up_pack": "huge"}, "huge is not one of the available choices"),
    ({"top_up_pack": ""}, "Choose the pack to buy."),
    ({"monthly_cap_credits": "0"}, "greater than or equal to 1"),
    ({"monthly_cap_credits": "1e9"}, "Enter a whole number."),
    ({"monthly_cap_credits": "9" * 30}, "less than or equal to"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_and_kept_in_the_form(browser, pro, wrong, sentence):
    answer = browser.post(PAGE, SENT | wrong)

    assert answer.status_code == 422
    assert sentence in answer.text.replace("&#x27;", "'")
    assert 'value="300"' in answer.text or wrong.get("top_up_threshold_credits") == ""
    assert not SpendingRules.objects.exists()


def test_without_top_ups_their_fields_may_stay_empty(browser, pro):
    assert browser.post(PAGE, {"monthly_cap_credits": "10"}).status_code == 302


def test_a_plan_without_it_shows_no_fields_and_keeps_what_was_set(browser, workspace):
    set_rules(workspace.pk, tops_up=True, top_up_pack="small", overage_cap_credits=1_000)

    page = browser.get(PAGE).text
    browser.post(PAGE, SENT)

    rules = rules_of(workspace.pk)
    assert "top_up_pack" not in page
    assert "overage_cap_credits" not in page
    assert (rules.monthly_cap_credits, rules.top_up_pack, rules.overage_cap_credits) == (5_000, "small", 1_000)


def test_the_page_shows_how_far_it_has_come(browser, pro):
    allow_overage(pro, stripe_id="sub_newer")
    give(pro.pk, 700)
    spend(pro.pk, 650)
    TopUp.objects.create(workspace=pro, pack="small", price_amount=500, currency="usd", credits=5_000)

    page = browser.get(PAGE).text

    assert "650 credits used this month" in page
    assert "$5 spent on it this month" in page
    assert "5,000 credits for $5" in page


def test_a_pause_is_explained_and_ends_when_the_rules_are_saved(browser, pro):
    set_rules(pro.pk, tops_up=True, top_up_pack="small")
    SpendingRules.objects.update(top_up_paused_reason="insufficient_funds")

    assert "The card has not enough money." in browser.get(PAGE).text
    browser.post(PAGE, SENT)

    assert rules_of(pro.pk).top_up_paused_reason == ""


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("admin", 200), ("member", 403)])
def test_only_those_who_run_the_workspace_may(browser, workspace, role, status):
    Membership.objects.filter(workspace=workspace).update(role=role)

    assert browser.get(PAGE).status_code == status
    assert browser.post(PAGE, SENT).status_code == (403 if role == "member" else 302)
    assert SpendingRules.objects.exists() == (role != "member")
