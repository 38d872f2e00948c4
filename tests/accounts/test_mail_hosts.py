"""Whatever host a request names, or has a proxy name: the links of the mails that it causes lead to SITE_URL."""

import re
import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import Membership
from apps.core.models import OutgoingMail
from tests.accounts.conftest import PASSWORD, new_email, new_user, new_visitor
from tests.accounts.team import browser_of, invite, join
from tests.accounts.test_staff_roles import staff
from tests.factories import TeamMembershipFactory

pytestmark = pytest.mark.django_db
SITE = "https://keel.example"
LINK = re.compile(r"(?:https?:)?//[\w.:@-]+")
# Hosts as in production, and what is added to the request. The first is refused before anybody looks at it.
FORGED = [
    {"Host": "evil.example"},
    {"Host": "www.keel.example"},
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "81"},
    {"Forwarded": "host=evil.example;proto=http", "X-Original-Host": "evil.example", "X-Host": "evil.example"},
    {"Referer": "https://evil.example/", "Origin": "https://evil.example"},
]
Post = Callable[..., int]


@pytest.fixture(autouse=True)
def _as_in_production(settings):
    settings.SITE_URL = SITE
    settings.ALLOWED_HOSTS = ["keel.example", "www.keel.example"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SUPPORT_EMAIL = "help@keel.example"
    settings.ACCOUNT_RATE_LIMITS = {"confirm_email": None}


def post(browser: Client, forged: dict[str, str], path: str, **sent: str) -> int:
    headers = {"Host": "keel.example", "X-Forwarded-Proto": "https"} | forged
    return browser.post(path, sent, headers=headers).status_code


def proved(forged: dict[str, str]) -> Client:
    """A browser in which somebody is logged in and has just proved who they are."""
    browser = browser_of(new_user(new_email("ada")))
    post(browser, {}, "/accounts/reauthenticate/", password=PASSWORD)
    return browser


def signing_up(forged):
    return post(new_visitor(), forged, "/accounts/signup/", email=new_email("ada"), password1=PASSWORD)


def signing_up_again(forged):
    taken = new_user(new_email("ada")).email
    return post(new_visitor(), forged, "/accounts/signup/", email=taken, password1=PASSWORD)


def logging_in_unconfirmed(forged):
    email = new_user(new_email("ada"), verified=False).email
    return post(new_visitor(), forged, "/accounts/login/", login=email, password=PASSWORD)


def asking_for_a_reset(forged):
    return post(new_visitor(), forged, "/accounts/password/reset/", email=new_user(new_email("ada")).email)


def asking_for_a_reset_unknown(forged):
    return post(new_visitor(), forged, "/accounts/password/reset/", email=new_email("nobody"))


def asking_for_a_code(forged):
    return post(new_visitor(), forged, "/accounts/login/code/", email=new_user(new_email("ada")).email)


def asking_for_a_code_unknown(forged):
    return post(new_visitor(), forged, "/accounts/login/code/", email=new_email("nobody"))


def changing_the_address(forged):
    return post(proved(forged), forged, "/accounts/email/", email=new_email("new"), action_add="")


def changing_the_password(forged):
    sent = {"oldpassword": PASSWORD, "password1": "a-battery-staple-horse"}
    return post(proved(forged), forged, "/accounts/password/change/", **sent)


def inviting_into_a_team(forged):
    owner = TeamMembershipFactory()
    return post(browser_of(owner.user), forged, "/settings/invitations/", email=new_email("bo"), role="member")


def inviting_once_more(forged):
    owner = TeamMembershipFactory()
    invitation = invite(owner, new_email("bo"))
    type(invitation).objects.update(sent_at="2020-01-01T00:00:00Z")
    return post(browser_of(owner.user), forged, f"/settings/invitations/{invitation.pk}/resending/")


def removing_a_member(forged):
    owner = TeamMembershipFactory()
    member: Membership = join(owner.workspace, "member")
    return post(browser_of(owner.user), forged, f"/settings/members/{member.pk}/removal/")


def joining_the_waitlist(forged):
    return post(new_visitor(), forged, "/waitlist/", email=new_email("ada"))


def inviting_from_the_waitlist(forged):
    operator = browser_of(staff("operator"))
    sent = {"email": new_email("ada"), "invited_before": "0"}
    return post(operator, forged, "/admin/accounts/waitlistentry/invitations/", **sent)


def writing_to_support(forged):
    sent = {"reply_to": "a@example.com", "topic": "other", "message": "Good morning to you.", "key": str(uuid.uuid4())}
    return post(new_visitor(), forged, "/contact/", **sent)


ACTS = [
    signing_up,
    signing_up_again,
    logging_in_unconfirmed,
    asking_for_a_reset,
    asking_for_a_reset_unknown,
    asking_for_a_code,
    asking_for_a_code_unknown,
    changing_the_address,
    changing_the_password,
    inviting_into_a_team,
    inviting_once_more,
    removing_a_member,
    joining_the_waitlist,
    inviting_from_the_waitlist,
    writing_to_support,
]


def hosts_in_new_mails() -> set[str]:
    mails = OutgoingMail.objects.values_list("text", "html")
    return {host for bodies in mails for body in bodies for host in LINK.findall(body)}


@pytest.mark.parametrize("act", ACTS)
def test_a_forged_host_never_changes_a_link(act, settings):
    settings.SIGNUP_MODE = "open" if act in (signing_up, signing_up_again) else "waitlist"
    found = []
    for forged in FORGED:
        OutgoingMail.objects.all().delete()
        found.append((act(forged), hosts_in_new_mails()))

    refused, *answered = found
    assert (refused[0], {SITE} >= refused[1]) == (400, True)
    assert [hosts for _status, hosts in answered] == [{SITE}] * len(answered), found
