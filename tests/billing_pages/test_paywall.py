"""The paywall: what is missing, the smallest thing that covers it, one click each, and the text that stays."""

import html
import re
from datetime import UTC, datetime

import pytest

from apps.accounts.models import Membership
from apps.billing import ledger, paywall, selectors
from apps.billing.models import SpendingRules
from apps.generation.models import Generation
from apps.generation.paywall import SoFar, _sum_so_far
from apps.usage.models import DailyUsage
from tests.billing_pages.plans import subscribe
from tests.billing_pages.purses import give, spend

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXT = {"product": "A tide table", "details": "It is new for sailors & fishers.", "tone": "Friendly"}
SUBMISSION = {"template": "product-announcement", "idempotency_key": "key", "model": "keel-demo", **TEXT}
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _selling(settings):
    settings.STRIPE_SECRET_KEY = "sk_test_nobody_asks"
    settings.GENERATION_MODELS = ["keel-demo"]


@pytest.fixture
def browser(owner, browser_of):
    return browser_of(owner)


def owe(workspace, amount) -> None:
    ledger.adjust(
        workspace_id=workspace.pk, amount_credits=-amount, allow_debt=True, idempotency_key="owe", actor="x", note="x"
    )


def find(workspace, *, needed, role="owner"):
    balance = selectors.get_balance(workspace.pk)
    return paywall.find_paywall(workspace_id=workspace.pk, needed=needed, balance=balance, role=role, at=NOW)


def read(answer) -> str:
    return html.unescape(re.sub(r"\s+", " ", answer.text))


@pytest.mark.parametrize(
    ("needed", "pack", "plan"),
    [(1, "small", "starter"), (5_000, "small", "starter"), (5_001, "medium", "starter"), (15_001, "medium", "pro")],
)
def test_the_smallest_pack_and_plan_that_cover_it_are_offered(workspace, needed, pack, plan):
    found = find(workspace, needed=needed)

    assert (found.pack.pack.slug, found.plan.plan.slug) == (pack, plan)
    assert (found.missing, found.available) == (needed, 0)


def test_where_nothing_covers_it_the_largest_is_offered(workspace):
    found = find(workspace, needed=10**6)

    assert (found.pack.pack.slug, found.plan.plan.slug) == ("large", "pro")


def test_what_is_there_counts(workspace):
    give(workspace, 10)

    assert find(workspace, needed=10) is None
    assert find(workspace, needed=11).missing == 1


def test_a_debt_is_covered_too(workspace):
    owe(workspace, 5_000)
    found = find(workspace, needed=5)

    assert (found.reason, found.missing, found.pack.pack.slug) == ("debt", 5_005, "medium")
    assert found.allowance_credits == 0


def test_who_has_no_plan_hears_when_free_credits_come(workspace):
    found = find(workspace, needed=5)

    assert (found.allowance_credits, str(found.allowance_on)) == (100, "2026-12-01")


def test_who_has_more_than_the_allowance_hears_nothing_of_it(workspace):
    give(workspace, 100)

    assert find(workspace, needed=500).allowance_credits == 0


def test_who_has_a_plan_is_offered_the_next_larger_one_instead_of_a_second(workspace):
    subscribe(workspace, plan="starter")
    found = find(workspace, needed=5)

    assert (found.plan, found.larger_plan.plan.slug, found.allowance_credits) == (None, "pro", 0)


def test_the_largest_plan_offers_overage(workspace):
    subscribe(workspace, plan="pro")
    found = find(workspace, needed=5)

    assert (found.plan, found.larger_plan) == (None, None)
    assert found.overage_plan.plan.slug == "pro"


@pytest.mark.parametrize(("cap", "stands"), [(999, True), (1_000, False)])
def test_what_overage_will_cover_is_no_paywall(workspace, cap, stands):
    subscription = subscribe(workspace, plan="pro")
    named = f"{subscription.stripe_id}:pro"
    SpendingRules.objects.create(workspace=workspace, overage_cap_credits=cap, overage_metered_for=named)

    assert (find(workspace, needed=5) is not None) == stands


def test_an_overdue_plan_is_offered_no_second_one(workspace):
    subscribe(workspace, plan="pro", status="unpaid")
    found = find(workspace, needed=5)

    assert (found.plan, found.larger_plan, found.pack.pack.slug) == (None, None, "small")


def test_the_composer_opens_with_the_choices(browser):
    page = read(browser.get("/generations/new/?template=summary"))

    assert "Your credits are used up" in page
    assert 'name="offer" value="pack:small">Buy for $5<' in page
    assert 'name="offer" value="plan:starter:month">Try 7 days free<' in page
    assert "Starter for 7 days. Then $12 for 15,000 credits, unless you cancel." in page
    assert '<input type="hidden" name="next" value="/generations/new/?template=summary">' in page
    assert "filled up to 100 free credits" in page
    assert 'href="#paywall"' in page


def test_who_had_a_plan_before_is_offered_no_second_trial(browser, workspace):
    subscribe(workspace, plan="pro", status="canceled")

    page = read(browser.get("/generations/new/"))

    assert 'name="offer" value="plan:starter:month">Subscribe for $12 a month<' in page
    assert "days free" not in page


def test_the_form_that_buys_is_not_the_composers(browser):
    page = browser.get("/generations/new/").text
    composer = re.search(r'<form id="composer-form".*?</form>', page, re.DOTALL)[0]

    assert "buy-form" not in composer
    assert page.count('id="buy-form"') == page.count('id="paywall"') == 1


def test_enough_credits_show_no_paywall(browser, workspace):
    give(workspace, 100)

    page = browser.get("/generations/new/").text

    assert "paywall-title" not in page
    assert 'id="paywall"' in page


def test_an_estimate_brings_the_paywall_and_takes_it_away(browser, workspace):
    ask = {"template": "summary", "text": "1200", "model": "keel-demo"}
    short = read(browser.get("/generations/estimate/", ask, headers=HTMX))
    give(workspace, 100)
    enough = read(browser.get("/generations/estimate/", ask, headers=HTMX))

    assert '<div id="paywall" hx-swap-oob="true"> <section' in short
    assert '<div id="paywall" hx-swap-oob="true"> </div>' in enough
    assert "get-credits" in short
    assert "get-credits" not in enough


def test_a_refused_run_brings_the_choices_and_leaves_the_form_alone(browser):
    answer = browser.post("/generations/", SUBMISSION, headers=HTMX)

    assert (answer.status_code, answer["HX-Retarget"]) == (402, "#generation-estimate")
    assert 'id="paywall" hx-swap-oob="true"' in answer.text
    assert "composer-form" not in re.sub(r'hx-trigger="[^"]*"', "", answer.text)
    assert Generation.objects.count() == 0


def test_without_htmx_a_refused_run_brings_the_choices_and_the_text(browser):
    answer = browser.post("/generations/", SUBMISSION)
    page = read(answer)

    assert answer.status_code == 402
    assert TEXT["details"] in page
    assert 'name="offer" value="pack:small"' in page


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_spend_cap_leads_to_the_rules_and_sells_nothing(browser, workspace, headers):
    give(workspace, 100)
    SpendingRules.objects.create(workspace=workspace, monthly_cap_credits=1)

    answer = browser.post("/generations/", SUBMISSION, headers=headers)
    page = read(answer)

    assert answer.status_code == 402
    assert "Your spend cap of this month is reached" in page
    assert 'href="/billing/spending/"' in page
    assert 'name="offer"' not in page


def test_a_debt_has_a_sentence_of_its_own(browser, workspace):
    owe(workspace, 50)

    page = read(browser.get("/generations/new/"))

    assert "A debt has to be paid first" in page
    assert "<dt>You owe</dt><dd>50</dd>" in page


def test_a_member_who_may_not_spend_is_told_who_may(browser, workspace):
    Membership.objects.filter(workspace=workspace).update(role="member")

    page = read(browser.get("/generations/new/"))

    assert "Owners and admins of this workspace can buy" in page
    assert 'name="offer"' not in page


def test_without_a_key_of_stripes_people_are_asked_to_write(browser, settings):
    settings.STRIPE_SECRET_KEY = ""

    page = read(browser.get("/generations/new/"))

    assert 'href="/contact/?topic=credits"' in page
    assert 'name="offer"' not in page


def test_who_has_written_before_reads_what_it_brought(browser, workspace):
    counts = {"records": 2, "input_tokens": 9, "cached_input_tokens": 0, "cost_usd_micros": 1}
    row = {"workspace": workspace, "model": "m", "template": "t", "output_tokens": 4_000, "charged_credits": 612}
    DailyUsage.objects.create(day=NOW.date(), **row, **counts)

    assert "So far 612 credits have written about 3,000 words for you." in read(browser.get("/generations/new/"))


def test_what_it_brought_is_nothing_before_the_first_run(workspace):
    assert _sum_so_far(workspace.pk) == SoFar(0, 0)


def test_credits_on_hold_are_not_available(browser, workspace):
    give(workspace, 6)
    spend(workspace, 1)
    ledger.place_hold(workspace_id=workspace.pk, amount_credits=4, ttl_seconds=60, idempotency_key="h")

    assert "<dt>You have</dt><dd>1</dd>" in read(browser.get("/generations/new/"))
