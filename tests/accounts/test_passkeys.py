"""Passkeys: added after a proof, good for one person, one site and one challenge."""

import json
from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.core.serializers.json import DjangoJSONEncoder

from apps.accounts.models import User
from tests.accounts.conftest import PASSWORD, deliver_mails, new_visitor
from tests.accounts.device import Device
from tests.accounts.factors import is_in, kinds_of, log_in

pytestmark = pytest.mark.django_db
NEW, LOGIN, WORK = "/accounts/passkeys/new/", "/accounts/passkeys/login/", "/generations/new/"
SECOND_STEP = "/accounts/two-factor/authentication/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


@pytest.fixture(autouse=True)
def _site(settings):
    settings.ALLOWED_HOSTS = ["localhost"]


def browser_at_the_site():
    browser = new_visitor()
    browser.defaults |= {"SERVER_NAME": "localhost", "HTTP_USER_AGENT": FIREFOX}
    return browser


def proved(user):
    browser = browser_at_the_site()
    browser.force_login(user)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return browser


def add(browser, device, **more):
    options = browser.get(NEW).context["js_data"]["creation_options"]
    return browser.post(NEW, {"credential": device.create(as_sent(options)), **more})


def as_sent(options) -> dict:
    """Return options as a page has them, where allauth's JSON has made text of bytes."""
    return json.loads(json.dumps(options, cls=DjangoJSONEncoder))


def options_at_the_login(browser) -> dict:
    return browser.get(LOGIN, headers={"accept": "application/json"}).json()["request_options"]


def log_in_by(browser, device):
    return browser.post(LOGIN, {"credential": device.get(options_at_the_login(browser))})


@pytest.fixture
def device(owner) -> Device:
    """A device with a passkey of the owner."""
    device = Device()
    assert add(proved(owner), device)["Location"] == "/accounts/recovery-codes/"
    deliver_mails()
    return device


def test_a_new_passkey_brings_recovery_codes_and_is_named_after_its_browser(owner):
    add(proved(owner), Device())

    assert kinds_of(owner) == {"webauthn", "recovery_codes"}
    assert str(Authenticator.objects.get(user=owner, type="webauthn")) == "Firefox on Linux"
    assert [mail.subject for mail in deliver_mails()] == ["A passkey was added"]


def test_the_device_is_asked_to_keep_the_passkey_and_to_check_its_person(owner):
    asked = as_sent(proved(owner).get(NEW).context["js_data"]["creation_options"])["publicKey"]

    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert (asked["rp"]["id"], asked["rp"]["name"]) == ("localhost", "Keel")


def test_a_passkey_logs_in_without_password_and_without_a_second_step(device):
    browser = browser_at_the_site()

    assert log_in_by(browser, device)["Location"] == WORK
    assert is_in(browser)


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [("/settings/security/", "/settings/security/"), ("https://evil.example/", WORK), ("//evil.example", WORK)],
)
def test_a_passkey_leads_to_what_was_wanted_and_to_no_other_site(device, wanted, led_to):
    browser = browser_at_the_site()
    credential = device.get(options_at_the_login(browser))

    assert browser.post(LOGIN, {"credential": credential, "next": wanted})["Location"] == led_to


def test_a_passkey_is_the_second_step_after_the_password(owner, device):
    browser = browser_at_the_site()
    assert log_in(browser, owner.email)["Location"] == SECOND_STEP
    options = browser.get(SECOND_STEP).context["js_data"]["request_options"]

    browser.post(SECOND_STEP, {"credential": device.get(as_sent(options))})

    assert is_in(browser)


def test_a_passkey_proves_who_it_is_before_a_dangerous_act(owner, device):
    path, browser = "/accounts/passkeys/reauthentication/", browser_at_the_site()
    browser.force_login(owner)
    options = browser.get(path).context["js_data"]["request_options"]

    browser.post(path, {"credential": device.get(as_sent(options))})

    assert browser.get("/accounts/email/").status_code == 200


@pytest.mark.parametrize(
    "cheat",
    [
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"checks_person": False},
        {"key": Device().key},
        {"credential_id": b"x" * 32},
        {"user_handle": ""},
        {"user_handle": "YWJjZGVm"},
    ],
    ids=["another site", "another host", "nobody checked", "another key", "unknown", "of nobody", "of somebody else"],
)
def test_a_false_passkey_logs_nobody_in(device, cheat):
    for name, value in cheat.items():
        setattr(device, name, value)
    browser = browser_at_the_site()

    assert log_in_by(browser, device)["Location"] == "/accounts/login/"
    assert not is_in(browser)


def test_an_answer_counts_once(device):
    browser = browser_at_the_site()
    answer = {"credential": device.get(options_at_the_login(browser))}
    browser.post(LOGIN, answer)
    browser.post("/accounts/logout/")

    browser.post(LOGIN, answer)

    assert not is_in(browser)


@pytest.mark.parametrize("credential", ["", "{}", "[]", "null", '"x"', "1", '{"id": 1}', '{"response": []}', "\x00"])
def test_nonsense_is_refused_and_breaks_nothing(owner, device, credential):
    browser = browser_at_the_site()
    options_at_the_login(browser)

    assert browser.post(LOGIN, {"credential": credential})["Location"] == "/accounts/login/"
    assert proved(owner).post(NEW, {"credential": credential}).status_code == 200


def junk_in(text: str) -> Iterator[dict[str, str]]:
    """Yield an answer of a device with each of its parts replaced by something else."""
    answer = json.loads(text)
    for junk in (None, 1, "AAAA", []):
        for name in answer:
            yield {"credential": json.dumps(answer | {name: junk})}
        for name in answer["response"]:
            yield {"credential": json.dumps(answer | {"response": answer["response"] | {name: junk}})}


def test_a_log_in_with_any_part_exchanged_breaks_nothing(device):
    for answer in junk_in(device.get(options_at_the_login(browser := browser_at_the_site()))):
        browser.defaults["REMOTE_ADDR"] = new_visitor().defaults["REMOTE_ADDR"]

        assert browser.post(LOGIN, answer).status_code == 302


def test_a_new_passkey_with_any_part_exchanged_breaks_nothing(owner):
    browser = proved(owner)
    for answer in junk_in(Device().create(as_sent(browser.get(NEW).context["js_data"]["creation_options"]))):
        assert browser.post(NEW, answer).status_code in {200, 302}


@pytest.mark.parametrize("cheat", [{"checks_person": False}, {"origin": "https://evil.example"}, {"host": "x.example"}])
def test_a_passkey_of_another_site_or_without_a_check_is_not_added(owner, cheat):
    answer = add(proved(owner), Device(**cheat))

    assert answer.status_code == 200
    assert "could not be checked" in answer.text
    assert kinds_of(owner) == set()


def test_a_closed_account_opens_for_no_passkey(owner, device):
    User.objects.filter(pk=owner.pk).update(is_active=False)
    browser = browser_at_the_site()

    assert log_in_by(browser, device)["Location"] == "/accounts/inactive/"
    assert not is_in(browser)


def test_a_passkey_is_renamed_and_its_name_is_shown_as_text(owner, device):
    factor = Authenticator.objects.get(user=owner, type="webauthn")
    browser = proved(owner)

    browser.post(f"/accounts/passkeys/{factor.pk}/name/", {"name": "<b>Mine</b>"})

    assert "&lt;b&gt;Mine&lt;/b&gt;" in browser.get("/settings/security/").text


def test_a_removed_passkey_logs_nobody_in_and_is_told(owner, device, django_capture_on_commit_callbacks):
    factor = Authenticator.objects.get(user=owner, type="webauthn")

    proved(owner).post(f"/accounts/passkeys/{factor.pk}/removal/")

    assert kinds_of(owner) == set()
    assert deliver_mails()[-1].subject == "A passkey was removed"
    assert log_in_by(browser_at_the_site(), device)["Location"] == "/accounts/login/"


@pytest.mark.parametrize("act", ["name", "removal"])
def test_nobody_touches_the_passkey_of_somebody_else(owner, stranger, device, act):
    factor = Authenticator.objects.get(user=owner, type="webauthn")

    answer = proved(stranger).post(f"/accounts/passkeys/{factor.pk}/{act}/", {"name": "Stolen"})

    assert answer.status_code == 404
    assert str(Authenticator.objects.get(pk=factor.pk)) == "Firefox on Linux"
