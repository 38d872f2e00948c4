"""The second step of a log-in: an authenticator app and recovery codes."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from apps.accounts.models import User
from apps.core.models import AuditEntry
from tests.accounts.conftest import deliver_mails, new_email, new_visitor
from tests.accounts.factors import (
    code_of,
    is_in,
    kinds_of,
    log_in,
    new_app,
    new_recovery_codes,
    proved,
    wrong_code_of,
)

pytestmark = pytest.mark.django_db
APP, CODES, SECOND_STEP = (
    "/accounts/authenticator-app/",
    "/accounts/recovery-codes/",
    "/accounts/two-factor/authentication/",
)
WORK = "/generations/new/"


def secret_shown_to(browser) -> str:
    return browser.get(APP).context["form"].secret


def at_the_second_step(user):
    browser = new_visitor()
    assert log_in(browser, user.email)["Location"] == SECOND_STEP
    return browser


def actions_of(user) -> list[str]:
    return list(AuditEntry.objects.filter(subject=f"user:{user.pk}").order_by("at").values_list("action", flat=True))


def test_an_app_is_set_up_with_its_first_code_and_brings_ten_recovery_codes(owner, django_capture_on_commit_callbacks):
    browser = proved(owner)

    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post(APP, {"code": code_of(secret_shown_to(browser))})

    assert answer["Location"] == CODES
    assert kinds_of(owner) == {"totp", "recovery_codes"}
    assert browser.get(CODES).text.count("<li><code>") == 10
    assert [mail.subject for mail in deliver_mails()] == ["An authenticator app was added"]
    assert actions_of(owner) == ["login_factor_added", "login_factor_added"]


def test_the_secret_is_shown_as_a_picture_and_as_text(owner):
    page = proved(owner).get(APP)

    secret = page.context["form"].secret
    assert 'src="data:image/svg+xml;base64,' in page.text
    assert f"{secret[:4]} {secret[4:8]} " in page.text
    assert "issuer=Keel" in page.context["totp_url"]
    assert "no-store" in page["Cache-Control"]


def test_a_wrong_code_sets_up_nothing(owner):
    browser = proved(owner)

    answer = browser.post(APP, {"code": wrong_code_of(secret_shown_to(browser))})

    assert "not right" in answer.text
    assert kinds_of(owner) == set()


def test_a_password_alone_no_longer_logs_in(owner):
    secret = new_app(owner)
    browser = at_the_second_step(owner)
    assert not is_in(browser)

    assert "not right" in browser.post(SECOND_STEP, {"code": wrong_code_of(secret)}).text
    assert not is_in(browser)

    assert browser.post(SECOND_STEP, {"code": code_of(secret)})["Location"] == WORK
    assert is_in(browser)


@pytest.mark.parametrize("periods", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_wrong(owner, periods):
    secret = new_app(owner)

    assert at_the_second_step(owner).post(SECOND_STEP, {"code": code_of(secret, periods=periods)}).status_code == 302


def test_a_code_counts_once_for_as_long_as_it_is_accepted(owner):
    code = code_of(new_app(owner))
    at_the_second_step(owner).post(SECOND_STEP, {"code": code})
    thief = at_the_second_step(owner)
    # What allauth itself remembers is gone after half a minute; the code counts for longer.
    cache.delete(f"allauth.mfa.totp.used?user={owner.pk}&code={code}")

    answer = thief.post(SECOND_STEP, {"code": code[:3] + " " + code[3:]})

    assert "used already" in answer.text
    assert not is_in(thief)


def test_a_recovery_code_logs_in_once(owner):
    new_app(owner)
    code, *_others = new_recovery_codes(owner)

    assert at_the_second_step(owner).post(SECOND_STEP, {"code": f"{code[:4]} {code[4:]}"})["Location"] == WORK
    again = at_the_second_step(owner)
    again.post(SECOND_STEP, {"code": code})

    assert not is_in(again)
    assert actions_of(owner) == ["recovery_code_used"]


def test_guesses_are_limited_per_person_wherever_they_come_from(owner):
    secret = new_app(owner)
    for _guess in range(5):
        at_the_second_step(owner).post(SECOND_STEP, {"code": wrong_code_of(secret)})

    browser = at_the_second_step(owner)
    answer = browser.post(SECOND_STEP, {"code": code_of(secret)})

    assert "Too many" in answer.text
    assert not is_in(browser)


def test_recovery_codes_are_shown_once_and_are_kept_by_nobody(owner):
    new_app(owner)
    codes = new_recovery_codes(owner)
    browser = proved_with_app(owner)

    first, second = browser.get(CODES), browser.get(CODES)

    assert all(f"{code[:4]} {code[4:]}" in first.text for code in codes)
    assert "no-store" in first["Cache-Control"]
    assert not any(code in second.text or f"{code[:4]} {code[4:]}" in second.text for code in codes)


def test_new_recovery_codes_end_the_old_ones(owner, django_capture_on_commit_callbacks):
    new_app(owner)
    old = new_recovery_codes(owner)
    browser = proved_with_app(owner)

    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"{CODES}new/")

    assert not set(old) & set(Authenticator.objects.get(user=owner, type="recovery_codes").wrap().generate_codes())
    assert [mail.subject for mail in deliver_mails()] == ["You have new recovery codes"]
    assert actions_of(owner) == ["recovery_codes_renewed"]


def test_nobody_makes_recovery_codes_without_a_second_factor(owner):
    answer = proved(owner).post(f"{CODES}new/")

    assert "Set up an authenticator app or a passkey first." in answer.text
    assert kinds_of(owner) == set()


def test_removing_the_app_ends_its_recovery_codes_and_is_told(owner):
    new_app(owner)
    new_recovery_codes(owner)
    browser = proved_with_app(owner)

    browser.post(f"{APP}removal/")

    assert kinds_of(owner) == set()
    assert [mail.subject for mail in deliver_mails()] == ["The authenticator app was removed"]
    assert set(actions_of(owner)) == {"login_factor_removed"}
    assert log_in(new_visitor(), owner.email)["Location"] == WORK


def test_the_address_can_still_be_changed_with_a_second_factor(owner):
    new_app(owner)
    email = new_email("new")

    proved_with_app(owner).post("/accounts/email/", {"email": email, "action_add": ""})

    assert [mail.to for mail in deliver_mails()] == [[email]]


def test_staff_log_in_where_everybody_does_and_are_asked_for_the_second_factor(visitor):
    root = User.objects.create_superuser(new_email("root"), "correct-horse-battery")
    root.emailaddress_set.create(email=root.email, verified=True, primary=True)
    secret = new_app(root)

    page = visitor.get("/admin/accounts/user/", follow=True)
    assert page.redirect_chain[-1][0].startswith("/accounts/login/?next=")
    visitor.post("/admin/login/", {"username": root.email, "password": "correct-horse-battery"})
    log_in(visitor, root.email, next="/admin/accounts/user/")
    assert visitor.get("/admin/accounts/user/").status_code == 302

    assert visitor.post(SECOND_STEP, {"code": code_of(secret)})["Location"] == "/admin/accounts/user/"
    assert visitor.get("/admin/accounts/user/").status_code == 200


def test_a_customer_at_the_log_in_of_staff_is_refused_and_staff_go_on(owner, visitor):
    visitor.force_login(owner)
    assert visitor.get("/admin/login/").status_code == 403

    owner.is_staff = True
    owner.save()

    assert visitor.get("/admin/login/")["Location"] == "/admin/"


def test_secrets_are_stored_sealed_and_open_with_an_earlier_key_too(owner, settings):
    secret, codes = new_app(owner), new_recovery_codes(owner)
    stored = str([*Authenticator.objects.filter(user=owner).values_list("data", flat=True)])
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key" * 5, [settings.SECRET_KEY]

    assert secret not in stored
    assert not any(code in stored for code in codes)
    for code in (code_of(secret), codes[0]):
        browser = at_the_second_step(owner)
        browser.post(SECOND_STEP, {"code": code})
        assert is_in(browser)


def test_a_secret_whose_key_is_gone_lets_nobody_in_and_says_so(owner, settings):
    secret = new_app(owner)
    settings.SECRET_KEY = "another-key" * 5
    browser = at_the_second_step(owner)

    answer = browser.post(SECOND_STEP, {"code": code_of(secret)})

    assert answer.status_code == 503
    assert "write to us" in answer.text
    assert not is_in(browser)


def test_staff_see_who_has_a_factor_but_not_what_it_is_made_of(owner):
    secret = new_app(owner)
    staff = new_visitor()
    staff.force_login(User.objects.create_superuser(new_email("root"), "x"))
    factor = Authenticator.objects.get(user=owner)

    listed = staff.get("/admin/mfa/authenticator/", {"q": owner.email})
    shown = staff.get(f"/admin/mfa/authenticator/{factor.pk}/change/")

    assert listed.context["cl"].result_count == 1
    assert "TOTP" in shown.text
    assert secret not in shown.text


def proved_with_app(user):
    """Return a browser of somebody who came through the second step and proved it once more."""
    browser = new_visitor()
    browser.force_login(user)
    browser.post("/accounts/reauthenticate/", {"password": "correct-horse-battery"})
    return browser
