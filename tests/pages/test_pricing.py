"""The pricing page: what plans.yaml says, in words, with the one right button for each reader."""

import html
import re

import pytest

from apps.accounts.models import Membership
from apps.accounts.selectors import find_personal_workspace
from apps.billing import catalogue
from apps.billing.catalogue import CATALOGUE_PATH, parse_catalogue
from tests.accounts.conftest import PASSWORD, deliver_mails, link_in, new_email, new_user
from tests.billing_pages.plans import subscribe
from tests.queries import asks_at_most

pytestmark = pytest.mark.django_db
PORTAL = 'action="/billing/portal-sessions/"'


@pytest.fixture
def selling(settings) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_nobody_asks"


@pytest.fixture
def owner(selling):
    return new_user(new_email("owner"))


@pytest.fixture
def reader(visitor, owner):
    visitor.force_login(owner)
    return visitor


@pytest.fixture
def sold(monkeypatch):
    """Sell something else than the file says."""

    def sell(**changes: str) -> None:
        text = CATALOGUE_PATH.read_text()
        for name, value in changes.items():
            text, count = re.subn(rf"(?m)^(\s*){name}: .*$", rf"\g<1>{name}: {value}", text, count=1)
            assert count, name
        parsed = parse_catalogue(text)
        for module in ("offers", "summary", "paywall", "entitlements", "news"):
            monkeypatch.setattr(f"apps.billing.{module}.load_catalogue", lambda: parsed)
        monkeypatch.setattr("apps.pages.shop.load_catalogue", lambda: parsed)

    return sell


def pricing(browser, query: str = "") -> str:
    return html.unescape(re.sub(r"\s+", " ", browser.get(f"/pricing/{query}").text))


def card(page: str, slug: str) -> str:
    return re.search(rf'<article class="plan-card" id="plan-{slug}".*?</article>', page)[0]


def test_every_plan_and_pack_of_the_file_has_its_price_and_its_credits(visitor, selling):
    page, sold = pricing(visitor), catalogue.load_catalogue()

    assert [slug for slug in re.findall(r'<article class="plan-card" id="plan-(\w+)"', page)] == [
        plan.slug for plan in sold.plans
    ]
    assert "<b>$49</b> a month" in card(page, "pro")
    assert "70,000 credits a month" in card(page, "pro")
    assert "<b>$490</b> a year" in card(page, "pro")
    assert "840,000 credits a year" in card(page, "pro")
    assert "saves $98 against twelve months" in card(page, "pro")
    assert all(f"<b>{pack.credits:,}</b> credits" in page for pack in sold.packs)


def test_limits_and_features_are_told_in_words(visitor, selling):
    page = pricing(visitor)

    for point in ("5,000 runs a day", "10 runs at the same time", "For up to 10 people", "API access"):
        assert point in card(page, "pro")
    assert "$1.20 for each 1,000, up to a cap that you set" in card(page, "pro")
    assert "API access" not in card(page, "starter")
    assert "7 days free with 1,000 credits" in card(page, "starter")
    assert "then filled up to 100 each month" in card(page, "free")


def test_the_rules_are_those_of_the_file(visitor, selling, sold):
    assert "30 days after the end of the period" in pricing(visitor)
    assert "Those of a pack never." in pricing(visitor)
    assert "Your plan goes on for 7 days" in pricing(visitor)

    sold(plan_credits_rollover_days="0", pack_credits_days="90", grace_days="0")
    page = pricing(visitor)

    assert "Those of a plan at the end of the period that they were paid for." in page
    assert "Those of a pack 90 days after you bought them." in page
    assert "They are good for 90 days." in page
    assert "Your plan goes on for" not in page


def test_credits_of_a_plan_that_never_expire_are_told_so(visitor, selling, sold):
    sold(plan_credits_rollover_days="null")

    assert "Those of a plan never." in pricing(visitor)


def test_prices_of_a_currency_without_cents_are_whole(visitor, selling, sold):
    sold(currency="jpy")

    assert "<b>¥4,900</b> a month" in card(pricing(visitor), "pro")


@pytest.mark.parametrize(("query", "checked"), [("", "month"), ("?interval=year", "year"), ("?interval=x", "month")])
def test_the_address_says_which_interval_is_shown_first(visitor, selling, query, checked):
    page = pricing(visitor, query)

    assert re.findall(r'name="interval" value="(\w+)" checked', page) == [checked]


def test_a_visitor_signs_up_first_and_comes_back_to_the_choice(visitor, selling):
    page = pricing(visitor)

    assert 'href="/accounts/signup/?next=%2Fpricing%2F%3Finterval%3Dyear%23plan-pro"' in card(page, "pro")
    assert 'href="/accounts/signup/?next=%2Fpricing%2F%23packs"' in page
    assert "buy-form" not in page


def test_the_way_back_to_the_choice_survives_the_confirmation_of_the_address(visitor, selling):
    email = new_email("buyer")
    form = {"email": email, "password1": PASSWORD, "next": "/pricing/?interval=year#plan-pro"}
    visitor.post("/accounts/signup/", form)
    link = link_in(next(mail for mail in deliver_mails() if email in mail.to))

    answer = visitor.post(link)

    assert answer["Location"] == "/pricing/?interval=year#plan-pro"


def test_who_is_logged_in_buys_with_one_button(reader):
    page = pricing(reader)

    assert 'form="buy-form" name="offer" value="plan:pro:month"' in card(page, "pro")
    assert 'form="buy-form" name="offer" value="plan:pro:year"' in card(page, "pro")
    assert "Try 7 days free" in card(page, "starter")
    assert "Your plan" in card(page, "free")
    assert 'form="buy-form" name="offer" value="pack:small"' in page
    assert page.count('id="buy-form"') == 1


def test_who_has_a_plan_changes_it_in_the_portal(reader, owner):
    subscribe(find_personal_workspace(owner), plan="starter")
    page = pricing(reader)

    assert "Your plan" in card(page, "starter")
    assert "Change or cancel" in card(page, "starter")
    assert "Change to Pro" in card(page, "pro")
    assert PORTAL in card(page, "pro")
    assert "Cancel your plan" in card(page, "free")
    assert 'value="plan:' not in page


def test_a_trial_is_offered_once(reader, owner):
    subscribe(find_personal_workspace(owner), plan="pro", status="canceled")
    page = pricing(reader)

    assert "Subscribe to Starter" in card(page, "starter")
    assert "7 days free" not in page


def test_a_member_who_may_not_spend_is_told_who_may(reader, owner):
    Membership.objects.update(role="member")
    page = pricing(reader)

    assert "An owner or admin of your workspace can choose it." in card(page, "pro")
    assert "buy-form" not in page


def test_without_a_key_of_stripes_people_are_asked_to_write(reader, settings):
    settings.STRIPE_SECRET_KEY = ""
    page = pricing(reader)

    assert 'href="/contact/?topic=credits"' in card(page, "pro")
    assert "$5: ask us" in page
    assert 'name="offer"' not in page


def test_enterprise_is_by_contact(reader):
    assert 'href="/contact/?topic=credits"' in card(pricing(reader), "enterprise")


def test_a_logged_in_reader_costs_few_queries(reader):
    with asks_at_most(10):
        reader.get("/pricing/")
