"""Signing up and the settings in a real browser: by keyboard alone, twice at once, in another time zone."""

import secrets

import pytest
from playwright.sync_api import expect

from tests.e2e.test_journey import mailed_link

PASSWORD = "tide tables at noon"


@pytest.fixture
def email() -> str:
    return f"{secrets.token_hex(6)}@example.com"


@pytest.fixture
def context(browser, shared_product):
    """A person in Tokyo."""
    opened = browser.new_context(base_url=shared_product.base_url, timezone_id="Asia/Tokyo")
    yield opened
    opened.close()


@pytest.fixture
def person(page, email, shared_product):
    """Somebody who signed up and followed the link, with the keyboard alone."""
    page.goto("/accounts/signup/")
    page.wait_for_selector("input[name=email]:focus")
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/confirm-email/")
    page.goto(mailed_link(shared_product, email))
    page.wait_for_selector("main [type=submit]:focus")
    page.keyboard.press("Enter")
    page.wait_for_url("**/generations/new/**")
    return email


def test_the_keyboard_alone_leads_from_the_form_to_the_composer(page, person):
    assert page.title().startswith("Generate")
    assert page.locator("[data-credits=available]").first.inner_text() == "500"


def test_the_zone_of_the_browser_is_kept(page, person):
    page.goto("/settings/preferences/")

    assert page.input_value("select[name=time_zone]") == "Asia/Tokyo"
    assert "JST" in page.inner_text("main")
    assert page.locator("[data-zone-hint]").is_hidden()


def test_another_zone_is_saved_in_place_and_the_browsers_own_is_offered(page, person):
    page.goto("/settings/preferences/")
    page.select_option("select[name=time_zone]", "Europe/Berlin")

    page.click("text=Save time zone")

    page.locator(".notice-toast").get_by_text("Times are now shown in your zone.").wait_for()
    page.click("[data-zone-hint] button")
    assert page.input_value("select[name=time_zone]") == "Asia/Tokyo"


def test_submitting_three_times_at_once_sends_one_request(page, email):
    posts = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.goto("/accounts/signup/")
    page.fill("input[name=email]", email)
    page.fill("input[name=password1]", PASSWORD)

    page.evaluate("const form = document.querySelector('main form'); for (let i = 0; i < 3; i++) form.requestSubmit()")
    page.wait_for_url("**/accounts/confirm-email/")

    assert len(posts) == 1


def test_going_back_to_a_form_that_was_sent_lets_it_be_sent_again(page, email):
    page.goto("/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", "wrong")
    page.click("main [type=submit]")
    page.locator("main [role=alert]").wait_for()
    page.go_back()

    assert page.locator("form[data-sent]").count() == 0


def test_a_password_is_shown_on_demand_and_judged_in_words(page):
    page.goto("/accounts/signup/")
    page.fill("input[name=password1]", "short")
    assert page.inner_text(".password-strength") == "Too short so far."

    page.fill("input[name=password1]", PASSWORD)
    page.get_by_role("button", name="Show the password").click()

    assert page.inner_text(".password-strength") == "Strong."
    assert page.get_attribute("input[name=password1]", "type") == "text"


def test_another_mail_can_be_asked_for_after_a_pause_only(page, email):
    page.clock.install()
    page.goto("/accounts/signup/")
    page.fill("input[name=email]", email)
    page.fill("input[name=password1]", PASSWORD)
    page.click("main [type=submit]")
    page.wait_for_url("**/confirm-email/")
    button = page.locator("main [type=submit]")
    expect(button).to_be_disabled()

    page.clock.fast_forward("01:05")

    expect(button).to_be_enabled()
    assert button.inner_text() == "Send it again"
