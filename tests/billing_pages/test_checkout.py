"""The Buy button: to Stripe's page by a plain redirect, once per form, and only for who may spend the money."""

import secrets

import pytest
from django.test import Client

from apps.accounts.models import Membership
from apps.billing.models import CheckoutSession
from tests.billing_pages.customer import CHECKOUTS, PORTAL
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def make_member(customer) -> None:
    Membership.objects.filter(workspace=customer.workspace).update(role="member")


@pytest.mark.parametrize("offer", ["pack:small", "plan:starter:month", "plan:pro:year"])
def test_a_button_leads_to_stripes_page_with_a_303(customer, offer):
    answer = customer.press_buy(offer, next="/generations/new/?template=summary")

    session = CheckoutSession.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, session.url)
    assert session.url.startswith(customer.stripe.url)
    assert (session.user, session.return_path) == (customer.user, "/generations/new/?template=summary")


def test_htmx_is_told_to_leave_the_page(customer):
    form = {"offer": "pack:small", "key": "a"}

    answer = customer.browser.post(CHECKOUTS, form, headers={"HX-Request": "true"})

    assert answer["HX-Redirect"] == CheckoutSession.objects.get().url


def test_a_form_that_is_sent_twice_leads_to_the_same_page(customer):
    first, second = (customer.press_buy("pack:small", key="same") for _time in range(2))

    assert first["Location"] == second["Location"]
    assert CheckoutSession.objects.count() == 1


def test_two_buttons_of_one_form_are_two_intents(customer):
    first, second = (customer.press_buy(offer, key="same") for offer in ("pack:small", "pack:large"))

    assert first["Location"] != second["Location"]
    assert [session.credits for session in CheckoutSession.objects.order_by("credits")] == [5_000, 55_000]


def test_going_back_to_a_form_that_was_paid_shows_what_it_brought(customer):
    customer.buy("pack:small", key="paid")

    again = customer.press_buy("pack:small", key="paid")

    assert again["Location"] == f"{CHECKOUTS}{CheckoutSession.objects.get().pk}/"
    assert customer.available == 5_000


@pytest.mark.parametrize(
    "path", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\nb", "/" * 501]
)
def test_a_way_back_that_leads_elsewhere_is_dropped(customer, path):
    assert customer.start("pack:small", next=path).return_path == ""


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"offer": "pack:small"},
        {"offer": "pack:small", "key": "white space"},
        {"offer": "pack:small", "key": "k" * 101},
        {"offer": "pack", "key": "a"},
        {"offer": "pack:huge", "key": "a"},
        {"offer": "plan:pro", "key": "a"},
        {"offer": "plan:pro:week", "key": "a"},
        {"offer": "plan:free:month", "key": "a"},
        {"offer": "plan:enterprise:month", "key": "a"},
        {"offer": "x" * 999, "key": "a"},
    ],
)
def test_what_is_not_for_sale_is_refused_in_words(customer, form):
    answer = customer.browser.post(CHECKOUTS, form)

    assert answer.status_code == 422
    assert "not available any more" in answer.text
    assert CheckoutSession.objects.count() == 0


@pytest.mark.parametrize("path", [CHECKOUTS, PORTAL])
def test_a_member_who_may_not_spend_is_refused_in_words(customer, path):
    make_member(customer)

    answer = customer.browser.post(path, {"offer": "pack:small", "key": "a"})

    assert answer.status_code == 403
    assert "Only owners, admins and billing people" in answer.text
    assert CheckoutSession.objects.count() == 0


def test_a_form_of_another_site_buys_nothing(customer):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(customer.user)

    assert strict.post(CHECKOUTS, {"offer": "pack:small", "key": "a"}).status_code == 403


def test_while_stripe_is_away_the_page_says_so_and_the_same_form_can_be_sent_again(customer):
    customer.stripe.outage("error", calls=9)
    refused = customer.press_buy("pack:small", key="kept", next="/generations/new/")
    customer.stripe.end_outages()

    again = customer.press_buy("pack:small", key="kept", next="/generations/new/")

    assert (refused.status_code, refused["Retry-After"]) == (503, "60")
    for kept in ('name="key" value="kept"', 'name="offer" value="pack:small"', 'name="next" value="/generations/new/"'):
        assert kept in refused.text
    assert again.status_code == 303
    assert CheckoutSession.objects.count() == 1


def test_without_a_key_of_stripes_the_page_asks_people_to_write(customer, settings):
    settings.STRIPE_SECRET_KEY = ""

    answer = customer.press_buy("pack:small")

    assert answer.status_code == 503
    assert "Nothing can be bought here yet" in answer.text
    assert "Try again" not in answer.text


def test_who_has_a_plan_is_led_to_the_portal_instead_of_a_second_one(customer):
    customer.buy("plan:pro:month")

    answer = customer.press_buy("plan:starter:month")

    assert answer.status_code == 409
    assert "You have a plan already" in answer.text
    assert f'action="{PORTAL}"' in answer.text


def test_the_portal_opens_for_who_has_bought(customer):
    customer.buy("plan:pro:month")

    answer = customer.browser.post(PORTAL)

    assert answer.status_code == 303
    assert answer["Location"].startswith(customer.stripe.url)


def test_the_portal_is_refused_in_words_before_the_first_purchase(customer):
    answer = customer.browser.post(PORTAL)

    assert answer.status_code == 409
    assert "nothing to manage yet" in answer.text


def test_a_browser_may_follow_a_form_to_stripe_and_nowhere_else(customer):
    policy = customer.browser.get("/billing/")["Content-Security-Policy"]

    [actions] = [part.strip() for part in policy.split(";") if part.strip().startswith("form-action")]
    assert actions == "form-action 'self' https://checkout.stripe.com https://billing.stripe.com"


def test_another_tenants_purchase_is_not_there(customer):
    session = customer.start("pack:small")
    stranger = Client()
    stranger.force_login(MembershipFactory().user)

    assert stranger.get(f"{CHECKOUTS}{session.pk}/").status_code == 404
    assert stranger.post(CHECKOUTS, {"offer": "pack:small", "key": secrets.token_hex()}).status_code == 303
    assert stranger.post(CHECKOUTS, {"offer": "pack:small", "key": "k"})["Location"] != session.url
