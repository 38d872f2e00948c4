"""SIGNUP_MODE: at every door that makes an account, and on every page that leads to one."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from django.core.checks import run_checks
from django.utils import timezone

from apps.accounts import invitations, waitlist
from apps.accounts.models import User, WaitlistEntry
from apps.accounts.sign_up import Mode
from apps.billing.models import LedgerEntry
from apps.core.models import OutgoingMail
from tests.accounts import provider as stand_in
from tests.accounts.conftest import PASSWORD, comparable, deliver_mails, new_email, new_user, new_visitor
from tests.accounts.factors import is_in
from tests.accounts.provider import CLIENT_ID, CLIENT_SECRET
from tests.accounts.team import invite, link_of
from tests.accounts.test_social import go_through, vouch_for
from tests.factories import TeamMembershipFactory

pytestmark = pytest.mark.django_db
MODES = [str(mode) for mode in Mode]
SIGN_UP = "/accounts/signup/"


@pytest.fixture
def provider(monkeypatch, settings):
    app = {"client_id": CLIENT_ID, "secret": CLIENT_SECRET}
    settings.SOCIALACCOUNT_PROVIDERS = {"github": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}
    with stand_in.running() as running:
        for name, path in [("access_token_url", "token"), ("profile_url", "user"), ("emails_url", "user/emails")]:
            monkeypatch.setattr(GitHubOAuth2Adapter, name, f"{running.base_url}/{path}")
        yield running


def by_form(browser, email, provider):
    browser.post(SIGN_UP, {"email": email, "password1": PASSWORD})


def by_provider(browser, email, provider):
    vouch_for(provider, email, uid=str(abs(hash(email))))
    go_through(browser, provider)


def by_provider_and_form(browser, email, provider):
    vouch_for(provider, None, uid=str(abs(hash(email))))
    provider.emails = []
    go_through(browser, provider)
    browser.post("/accounts/connections/signup/", {"email": email})


def by_code(browser, email, provider):
    browser.post("/accounts/login/code/", {"email": email})
    browser.post("/accounts/login/code/confirm/", {"code": "BCDF-GHJK"})


def not_at_all(email) -> str:
    return "/"


def by_a_team(email) -> str:
    return link_of(invite(TeamMembershipFactory(), email))


def by_staff(email) -> str:
    waitlist.invite_address(email=email, actor="user:1")
    return link_in_mail_to(email)


def link_in_mail_to(email) -> str:
    mail = OutgoingMail.objects.filter(to=email, key__startswith="waitlist").order_by("-id").first()
    return re.search(r"https?://[^/\s]+(/waitlist/(?:confirmation|invitation)/\S+)", mail.text)[1]


DOORS = [by_form, by_provider, by_provider_and_form]
INVITED = [not_at_all, by_a_team, by_staff]


def made_by(door, provider, *, invited, address=None) -> bool:
    """Follow an invitation, if there is one, and try a door; tell whether it made an account."""
    email, browser = new_email("ada"), new_visitor()
    browser.get(invited(email))
    door(browser, address or email, provider)
    return User.objects.filter(email=address or email).exists()


@pytest.mark.parametrize("door", DOORS)
def test_each_door_makes_an_account_only_for_whom_the_mode_lets_in(door, provider, settings):
    made = set()
    for settings.SIGNUP_MODE in [*MODES, "opne"]:
        made |= {(settings.SIGNUP_MODE, one) for one in INVITED if made_by(door, provider, invited=one)}

    some = {(mode, one) for mode in ("invite", "waitlist") for one in (by_a_team, by_staff)}
    assert made == {("open", one) for one in INVITED} | some


@pytest.mark.parametrize("door", DOORS)
def test_an_invitation_lets_no_other_address_in(door, provider, settings):
    settings.SIGNUP_MODE = "invite"

    assert not any(made_by(door, provider, invited=one, address=new_email("eve")) for one in INVITED)


@pytest.mark.parametrize("mode", MODES)
def test_a_code_never_makes_an_account(mode, settings):
    settings.SIGNUP_MODE = mode

    assert not made_by(by_code, None, invited=not_at_all)


def test_the_link_of_staff_makes_an_account_with_a_confirmed_address_and_the_welcome_credits(settings):
    settings.SIGNUP_MODE = "waitlist"
    email, browser = new_email("ada"), new_visitor()

    form = browser.get(by_staff(email), follow=True)
    by_form(browser, email, None)

    assert f'value="{email}"' in form.text
    assert is_in(browser)
    assert EmailAddress.objects.get(email=email).verified
    assert LedgerEntry.objects.filter(account__workspace__members__email=email).count() == 1
    assert WaitlistEntry.objects.get(email=email).signed_up_at is not None


def test_the_link_works_once(settings):
    settings.SIGNUP_MODE = "waitlist"
    email, second = new_email("ada"), new_visitor()
    link = by_staff(email)
    second.get(link)
    browser = new_visitor()
    browser.get(link)
    by_form(browser, email, None)

    assert new_visitor().get(link).status_code == 404
    assert "There is a waitlist" in second.get(SIGN_UP).text


def test_a_link_that_is_withdrawn_or_too_old_is_void_in_the_browser_that_has_followed_it_too(settings):
    settings.SIGNUP_MODE = "invite"
    for end in [{"invitation_digest": None}, {"invited_at": "2020-01-01", "expires_at": "2020-01-02"}]:
        email, browser = new_email("ada"), new_visitor()
        link = by_staff(email)
        browser.get(link)

        WaitlistEntry.objects.filter(email=email).update(**{"mailed_at": "2020-01-01T00:00:00Z"} | dated(end))
        by_form(browser, email, None)

        assert not User.objects.filter(email=email).exists()
        assert new_visitor().get(link).status_code == 404


def dated(end):
    return {name: value and f"{value}T00:00:00Z" for name, value in end.items()}


def test_in_open_mode_the_link_confirms_its_own_address_alone():
    email, other, browser = new_email("ada"), new_email("eve"), new_visitor()
    browser.get(by_staff(email))

    by_form(browser, other, None)

    assert not EmailAddress.objects.get(email=other).verified
    assert WaitlistEntry.objects.get(email=email).signed_up_at is None


@pytest.mark.parametrize("mode", ["invite", "waitlist", "closed"])
def test_nobody_learns_who_has_an_account(mode, settings, provider):
    settings.SIGNUP_MODE = mode
    known, unknown = new_user(new_email("known")).email, new_email("unknown")

    pages = []
    for email in (known, unknown):
        vouch_for(provider, email, uid=str(abs(hash(email))))
        by_form_and_by_provider = [
            new_visitor().post(SIGN_UP, {"email": email, "password1": PASSWORD}),
            go_through(new_visitor(), provider),
        ]
        pages.append([(answer.status_code, without_the_way(answer.text)) for answer in by_form_and_by_provider])

    assert pages[0] == pages[1]
    assert deliver_mails() == []


def without_the_way(page: str) -> str:
    """A page without the address that it was asked for under: a provider puts codes into it."""
    return re.sub(r'name="next" value="[^"]*"', "", comparable(page))


PAGES = ["/", "/pricing/", "/accounts/login/", "/accounts/signup/"]
SHOWN = {
    "open": ["Start with", "Try 7 days free", "Create an account", "By signing up"],
    "invite": ["By invitation", "By invitation", "By invitation", "By invitation only, for now"],
    "waitlist": ["Join the waitlist", "Join the waitlist", "Join the waitlist", "There is a waitlist"],
    "closed": ["not taking new customers"] * 2 + ["Good to see you again", "We are not taking new customers right now"],
}


@pytest.mark.usefixtures("synced")
@pytest.mark.parametrize("mode", MODES)
def test_every_page_follows_the_mode(mode, settings):
    settings.SIGNUP_MODE = mode

    pages = [new_visitor().get(page).text for page in PAGES]

    assert [words for words, page in zip(SHOWN[mode], pages, strict=True) if words not in page] == []
    led = [page for page, text in zip(PAGES, pages, strict=True) if 'href="/accounts/signup/' in text]
    assert led == {"open": PAGES[:3], "invite": PAGES[:3]}.get(mode, [])


@pytest.mark.usefixtures("synced")
def test_buttons_of_the_pricing_page_lead_back_to_what_was_chosen_and_the_free_plan_is_there_with_either_interval():
    page = new_visitor().get("/pricing/?interval=year").text

    buttons = re.findall(r'<a class="btn [^"]*" href="(/accounts/signup/[^"]*)"( data-interval="\w+")?>([^<]+)', page)
    assert ("/accounts/signup/", "", "Create your account") in buttons
    back = "/accounts/signup/?next=%2Fpricing%2F%3Finterval%3Dyear%23plan-starter"
    assert (back, ' data-interval="year"', "Try 7 days free") in buttons
    assert ("/accounts/signup/?next=%2Fpricing%2F%23packs", "") in {(url, interval) for url, interval, _ in buttons}


@pytest.mark.parametrize("mode", MODES)
def test_a_mail_to_somebody_unknown_leads_to_what_there_is(mode, settings):
    settings.SIGNUP_MODE = mode

    new_visitor().post("/accounts/password/reset/", {"email": new_email("nobody")})

    [message] = deliver_mails()
    led = {path for path in ("/accounts/signup/", "/waitlist/") if path in message.body}
    assert led == {"open": {"/accounts/signup/"}, "waitlist": {"/waitlist/"}}.get(mode, set())


def test_a_team_still_gets_its_people_who_have_an_account_when_it_is_closed(settings):
    settings.SIGNUP_MODE = "closed"
    boss = TeamMembershipFactory()
    member, browser = new_user(new_email("bo")), new_visitor()
    page = browser.get(link_of(invite(boss, member.email)), follow=True)
    browser.force_login(member)
    browser.get(link_of(invitations.resend(actor=boss, invitation_id=boss.workspace.invitations.get().pk, at=later())))

    browser.post("/invitations/acceptance/")

    assert "Make an account" not in page.text
    assert boss.workspace.memberships.filter(user=member).exists()


def later():
    return timezone.now() + timedelta(minutes=5)


@pytest.mark.parametrize(("mode", "is_wrong"), [*((mode, False) for mode in MODES), ("opne", True), ("", True)])
def test_a_mode_that_does_not_exist_is_found(mode, is_wrong, settings):
    settings.SIGNUP_MODE = mode

    assert ("keel.E004" in {found.id for found in run_checks()}) == is_wrong
