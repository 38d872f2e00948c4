"""The other ways in, in a real browser: an authenticator app, recovery codes, a passkey, a mailed code."""

import re
import secrets
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.e2e.conftest import REFUSALS
from tests.e2e.test_journey import PASSWORD, mailed_link
from tests.product import wait_for

SECURITY = "/settings/security/"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def context(browser, shared_product):
    """A profile at an address with a name: passkeys are for names, never for numbers."""
    opened = browser.new_context(base_url=shared_product.base_url.replace("127.0.0.1", "localhost"))
    complaints: list[str] = []
    opened.on("weberror", lambda error: complaints.append(str(error.error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield opened
    opened.close()
    assert [complaint for complaint in complaints if not complaint.startswith(REFUSALS)] == []


@pytest.fixture
def email(page, shared_product):
    """The address of a customer who has just signed up, and is logged in."""
    email = f"{secrets.token_hex(6)}@example.com"
    page.goto("/accounts/signup/")
    page.fill("input[name=email]", email)
    page.fill("input[name=password1]", PASSWORD)
    page.click("main button[type=submit]")
    page.goto(mailed_link(shared_product, email).replace("127.0.0.1", "localhost"))
    page.click("main button[type=submit]")
    page.wait_for_url("**/generations/new/**")
    return email


@pytest.fixture
def device(page):
    """A device that holds passkeys, and whose owner always says yes."""
    protocol = page.context.new_cdp_session(page)
    protocol.send("WebAuthn.enable")
    protocol.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return protocol


def prove(page):
    page.fill("input[name=password]", PASSWORD)
    page.click("main [type=submit]")


def log_out(page):
    page.goto("/accounts/logout/")
    page.click("main [type=submit]")
    page.wait_for_url("**/")


def log_in(page, email):
    page.goto("/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")


def enter_code(page, code):
    page.fill("input[name=code]", code)
    page.press("input[name=code]", "Enter")


def set_up_app(page) -> tuple[str, list[str]]:
    """Set up an app; return its secret and the recovery codes."""
    page.goto(SECURITY)
    page.click("a[href='/accounts/authenticator-app/']")
    prove(page)
    secret = page.inner_text(".setup-text").replace(" ", "")
    enter_code(page, code_of(secret))
    page.wait_for_url("**/recovery-codes/")
    return secret, [code.replace(" ", "") for code in page.locator("#recovery-codes code").all_inner_texts()]


def code_of(secret) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def mailed_code(product, email):
    def find():
        texts = (path.read_text() for path in (product.services.var_dir / "mail").glob("*"))
        found = (re.search(r"^Code: (\S+)$", text, re.MULTILINE) for text in texts if email in text)
        return next((code[1] for code in found if code), None)

    return wait_for(find, seconds=30)


def test_an_app_is_asked_for_and_a_recovery_code_gets_in_without_it(page, email):
    secret, codes = set_up_app(page)
    log_out(page)

    log_in(page, email)
    page.wait_for_selector("text=One more step")
    enter_code(page, "000 000")
    page.locator("main [role=alert]").wait_for()
    enter_code(page, code_of(secret))
    page.wait_for_url("**/generations/new/**")
    log_out(page)
    log_in(page, email)
    enter_code(page, codes[0])
    page.wait_for_url("**/generations/new/**")

    page.goto(SECURITY)
    assert "9 left" in page.inner_text("main")


def test_the_codes_are_shown_once_and_leave_as_a_file(page, email):
    _secret, codes = set_up_app(page)

    with page.expect_download() as download:
        page.click("a[download]")
    saved = download.value.path().read_text().split()
    page.reload()

    assert saved == codes
    assert len(set(codes)) == 10
    assert page.locator("#recovery-codes").count() == 0


def test_a_passkey_is_added_renamed_used_and_removed(page, email, device):
    page.goto(SECURITY)
    page.click("text=Add a passkey")
    prove(page)
    page.click("text=Create the passkey")
    page.wait_for_url("**/recovery-codes/")
    log_out(page)

    page.goto("/accounts/login/")
    page.click("text=Log in with a passkey")
    page.wait_for_url("**/generations/new/**")

    page.goto(SECURITY)
    page.click("text=Rename")
    page.click("main .btn:has-text('Use a passkey')")
    page.click("main [data-passkey] [type=submit]")
    page.fill("input[name=name]", "My laptop")
    page.press("input[name=name]", "Enter")
    page.click("a:has-text('Remove My laptop')")
    page.click("main .btn-error")
    page.wait_for_selector("text=You have none yet.")


def test_a_passkey_is_the_second_step_after_the_password(page, email, device):
    page.goto("/accounts/passkeys/new/")
    prove(page)
    page.click("text=Create the passkey")
    page.wait_for_url("**/recovery-codes/")
    log_out(page)

    log_in(page, email)
    page.click("text=Use a passkey")

    page.wait_for_url("**/generations/new/**")


def test_a_mailed_code_logs_in(page, email, shared_product):
    log_out(page)
    page.goto("/accounts/login/")
    page.click("text=Mail me a code")
    page.fill("input[name=email]", email)
    page.press("input[name=email]", "Enter")
    page.wait_for_url("**/login/code/confirm/**")

    enter_code(page, mailed_code(shared_product, email).lower())

    page.wait_for_url("**/generations/new/**")
