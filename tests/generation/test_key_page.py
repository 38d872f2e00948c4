"""The page of API keys: for those who may, under a plan that has the API; a key is shown once and by no other way."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts import api_keys
from apps.accounts.models import ApiKey, Membership
from apps.core.ids import uuid7
from tests.accounts.conftest import new_visitor
from tests.billing_pages.plans import subscribe
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/settings/api-keys/"


def browser_of(member) -> Client:
    browser = new_visitor()
    browser.force_login(member.user)
    return browser


@pytest.fixture
def member() -> Membership:
    member = MembershipFactory()
    subscribe(member.workspace)
    return member


@pytest.fixture
def browser(member) -> Client:
    return browser_of(member)


def sent(**changed) -> dict:
    known = {"name": "Our website", "scopes": ["billing:read"], "lifetime": "90", "requests_per_minute": "60"}
    return known | {"idempotency_key": str(uuid7())} | changed


def token_in(page: str) -> str:
    return re.search(r'<code id="new-key">(keel_\w+)</code>', page)[1]


def test_a_new_key_is_shown_once_with_an_example_and_works(browser):
    made = browser.post(PAGE, sent())
    token = token_in(made.text)

    assert made["Cache-Control"].find("no-store") >= 0
    assert f"Bearer {token}" in made.text
    assert Client().get("/api/v1/balance/", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    again = browser.get(PAGE).text
    assert token not in again
    assert token.rpartition("_")[0] in again


def test_a_form_that_is_sent_twice_makes_one_key_and_shows_it_once(browser):
    form = sent()
    browser.post(PAGE, form)

    second = browser.post(PAGE, form, follow=True)

    assert ApiKey.objects.count() == 1
    assert "This key was made before" in second.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"requests_per_minute": "0"},
        {"requests_per_minute": "601"},
        {"lifetime": "36500"},
        {"idempotency_key": "x"},
    ],
)
def test_what_a_form_asks_wrongly_is_refused_and_kept(browser, wrong):
    answer = browser.post(PAGE, sent(**wrong))

    assert answer.status_code == 422
    assert ApiKey.objects.count() == 0


def test_a_form_sets_nothing_that_it_does_not_show(browser, member):
    other = UserFactory()
    browser.post(PAGE, sent(needs_plan="", user=other.pk, secret_hash="x", workspace=str(uuid7())))

    key = ApiKey.objects.get()
    assert (key.user, key.workspace, key.needs_plan) == (member.user, member.workspace, True)


def test_without_the_api_in_the_plan_there_is_no_form_and_no_key():
    browser = browser_of(MembershipFactory())

    page, answer = browser.get(PAGE), browser.post(PAGE, sent())

    assert "Compare plans" in page.text
    assert "Make key" not in page.text
    assert (answer.status_code, ApiKey.objects.count()) == (403, 0)


def test_a_key_is_shown_as_paused_while_the_plan_has_no_api(browser, member):
    browser.post(PAGE, sent())
    assert "Paused" not in browser.get(PAGE).text

    member.workspace.subscriptions.update(status="canceled", ended_at=timezone.now())

    assert "Paused" in browser.get(PAGE).text
    assert "Make key" not in browser.get(PAGE).text


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("admin", 200), ("member", 403)])
def test_owners_and_admins_make_and_revoke_keys(role, status):
    member = MembershipFactory(role=role)
    subscribe(member.workspace)
    key = api_keys.create_key(
        user=member.user,
        workspace_id=member.workspace_id,
        name="k",
        scopes=["billing:read"],
        idempotency_key="k",
        actor="",
    ).key
    browser = browser_of(member)

    assert browser.post(PAGE, sent()).status_code == status
    assert browser.post(f"{PAGE}{key.pk}/revocation/").status_code == (302 if status == 200 else 403)
    assert ("Make key" in browser.get(PAGE).text) == (status == 200)


def test_a_revoked_key_is_gone_from_the_page_and_refused(browser):
    token = token_in(browser.post(PAGE, sent()).text)

    browser.post(f"{PAGE}{ApiKey.objects.get().pk}/revocation/")

    assert "No keys yet" in browser.get(PAGE).text
    assert Client().get("/api/v1/balance/", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_another_tenant_sees_and_revokes_nothing(browser):
    browser.post(PAGE, sent())
    key, stranger = ApiKey.objects.get(), browser_of(MembershipFactory())

    assert key.prefix not in stranger.get(PAGE).text
    assert stranger.post(f"{PAGE}{key.pk}/revocation/").status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None
