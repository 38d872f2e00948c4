"""Nobody's text leaves for a provider before they agreed to the words of today, nor after they took it back."""

import pytest
from django.test import Client

from apps.accounts import api_keys, consent
from apps.accounts.models import ProviderConsent, User
from apps.generation import catalogue, composer
from apps.generation.models import Generation
from tests.accounts.conftest import new_email, new_visitor
from tests.accounts.team import browser_of
from tests.accounts.test_impersonation import acting_as
from tests.accounts.test_staff_roles import staff
from tests.factories import FundedMembershipFactory

COMPOSER, START, DECIDE = "/generations/new/", "/generations/", "/settings/data/provider-consent/"
HTMX = {"hx-request": "true"}


@pytest.fixture
def undecided(db):
    """A person with credits who was never asked."""
    return FundedMembershipFactory(user__consent_version=0)


@pytest.fixture
def browser(undecided) -> Client:
    return browser_of(undecided.user)


def text(**more: str) -> dict[str, str]:
    """What the composer sends."""
    template = composer.prompts.get_template("summary")
    asked = {"template": "summary", "model": catalogue.offered()[0], "idempotency_key": composer.new_key()}
    return {**asked, "text": "word " * 40, "format": template.example.get("format", "Bullet points")} | more


def standing(user: User) -> list[int]:
    return list(ProviderConsent.objects.filter(user=user, withdrawn_at=None).values_list("version", flat=True))


def test_the_composer_asks_once_and_one_click_agrees_and_starts(undecided, browser):
    page = browser.get(COMPOSER).text
    assert "Agree and generate" in page
    assert str(consent.SENTENCE) in page

    answer = browser.post(START, text(consent=str(consent.VERSION)), headers=HTMX)

    assert Generation.objects.filter(user=undecided.user).count() == 1
    assert 'id="composer-consent" hx-swap-oob="delete"' in answer.text
    assert standing(undecided.user) == [consent.VERSION]
    assert "Agree and generate" not in browser.get(COMPOSER).text


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_without_it_nothing_starts_and_what_was_typed_stays(browser, headers):
    answer = browser.post(START, text(text="tide tables " * 20), headers=headers)

    assert answer.status_code == 403
    assert "tide tables tide tables" in answer.text
    assert "Agree and generate" in answer.text
    assert not Generation.objects.exists()


def test_older_words_are_not_the_words_of_today(undecided, browser, monkeypatch):
    consent.give(user=undecided.user)
    older, newer = consent.VERSION, consent.VERSION + 1
    monkeypatch.setattr(consent, "VERSION", newer)

    assert browser.post(START, text(consent=str(older))).status_code == 403
    assert browser.post(START, text(consent=str(newer))).status_code == 302
    undecided.user.refresh_from_db()
    assert undecided.user.consent_version == newer
    assert standing(undecided.user) == [newer]


def test_it_is_taken_back_in_the_settings_and_no_run_starts(undecided, browser):
    browser.post(DECIDE)
    assert "You agreed on" in browser.get("/settings/data/").text

    browser.post(DECIDE, {"withdraw": "1"})

    assert browser.post(START, text()).status_code == 403
    assert standing(undecided.user) == []
    told = ProviderConsent.objects.get()
    assert told.given_at < told.withdrawn_at


def test_agreeing_twice_is_written_down_once(undecided):
    for _time in range(2):
        consent.give(user=undecided.user)

    assert standing(undecided.user) == [consent.VERSION]
    assert ProviderConsent.objects.count() == 1


def test_a_program_needs_the_consent_of_who_made_its_key(undecided, client):
    made = api_keys.create_key(
        user=undecided.user,
        workspace_id=undecided.workspace_id,
        name="k",
        scopes=["generations:write"],
        idempotency_key="k",
        actor="test",
        needs_plan=False,
    )
    asked = {"template": "summary", "inputs": {"text": "word " * 40, "format": "Bullet points"}}
    headers = {"authorization": f"Bearer {made.token}", "idempotency-key": "one"}

    refused = client.post("/api/v1/generations/", asked, content_type="application/json", headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (403, "consent_required")
    assert not Generation.objects.exists()


def test_signing_up_says_so_beside_the_button_and_writes_it_down(db):
    visitor, email = new_visitor(), new_email("new")

    page = visitor.get("/accounts/signup/").text
    visitor.post("/accounts/signup/", {"email": email, "password1": "correct-horse-battery"})

    assert "sent to our" in page
    user = User.objects.get(email=email)
    assert (user.consent_version, standing(user)) == (consent.VERSION, [consent.VERSION])


def test_nobody_agrees_for_another(undecided):
    acting = acting_as(undecided.user, by=staff("support"))

    assert acting.post(DECIDE).status_code == 403
    assert standing(undecided.user) == []
