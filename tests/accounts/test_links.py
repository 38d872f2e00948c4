"""Every link that we mail or share: too long to guess, not for ever, to be taken back, good once where it lets in.

Whoever mails a link with a secret, or with an id, names it here; the walk through the mails fails otherwise.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.account import app_settings
from allauth.account.models import EmailAddress
from django.urls import resolve, reverse
from django.utils import timezone

from apps.accounts import invitations, waitlist
from apps.accounts.models import Invitation, Membership, User, WaitlistEntry
from apps.core.ids import uuid7
from apps.core.mail_rendering import render
from apps.core.models import OutgoingMail
from dev.mails import list_samples
from tests.accounts.conftest import PASSWORD, deliver_mails, link_in, new_email, new_user, new_visitor
from tests.accounts.team import browser_of, invite, link_of
from tests.factories import TeamMembershipFactory

pytestmark = pytest.mark.django_db
BITS_MIN = 128
LINK = re.compile(r"https?://[^\s\"<>]+")


class Link(NamedTuple):
    """A link with a secret: how it is made, whether it opens anything now, how it is used and taken back.

    Each is given the address that the mail went to. `lifetime` is None for one that ends with what it belongs to.
    """

    make: Callable[[str], str]
    opens: Callable[[str, str], bool]
    revoke: Callable[[str], Any]
    lifetime: timedelta | None
    use: Callable[[str, str], Any] | None = None


def sign_up(email: str) -> str:
    new_visitor().post("/accounts/signup/", {"email": email, "password1": PASSWORD})
    return link_in(deliver_mails()[-1])


def ask_for_reset(email: str) -> str:
    if not User.objects.filter(email=email).exists():
        new_user(email)
    new_visitor().post("/accounts/password/reset/", {"email": email})
    return link_in(deliver_mails()[-1])


def choose_password(path: str, email: str) -> None:
    browser = new_visitor()
    browser.post(browser.get(path)["Location"], {"password1": "a-battery-staple-horse"})


def change_password(email: str) -> None:
    user = User.objects.get(email=email)
    user.set_password("another-horse-91")
    user.save()


def join_waitlist(email: str) -> str:
    waitlist.join(email=email)
    return mailed(email, "confirmation")


def invite_from_waitlist(email: str) -> str:
    waitlist.invite_address(email=email, actor="user:1")
    return mailed(email, "invitation")


def offer_a_way_out(email: str) -> str:
    waitlist.join(email=email)
    return mailed(email, "leaving")


def mailed(email: str, kind: str) -> str:
    text = OutgoingMail.objects.filter(to=email).latest("id").text
    return re.search(rf"https?://[^/\s]+(/waitlist/{kind}/\S+)", text)[1]


def withdraw(email: str) -> None:
    waitlist.withdraw(WaitlistEntry.objects.filter(email=email).values_list("pk", flat=True), actor="user:1")


def sign_up_by(path: str, email: str) -> None:
    browser = new_visitor()
    browser.get(path)
    browser.post("/accounts/signup/", {"email": email, "password1": PASSWORD})
    assert User.objects.filter(email=email).exists()


def invite_into_team(email: str) -> str:
    new_user(email)
    return link_of(invite(TeamMembershipFactory(), email))


def take_team_invitation_back(email: str) -> None:
    invitation = Invitation.objects.select_related("workspace").get(email=email)
    owner = Membership.objects.select_related("user").get(workspace=invitation.workspace, role="owner")
    invitations.revoke(actor=owner, invitation_id=invitation.pk)


def joins_team(path: str, email: str) -> bool:
    """Join by the link and be taken out again; whether that was possible."""
    browser = browser_of(User.objects.get(email=email))
    browser.get(path)
    browser.post("/invitations/acceptance/")
    gone, _models = Membership.objects.filter(user__email=email, workspace__kind="team").delete()
    return bool(gone)


def shows(words: str) -> Callable[[str, str], bool]:
    return lambda path, email: words in new_visitor().get(path, follow=True).text


LINKS = {
    "account_confirm_email": Link(
        sign_up,
        shows("Yes, confirm"),
        lambda email: EmailAddress.objects.filter(email=email).delete(),
        timedelta(days=app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS),
        lambda path, email: new_visitor().post(path),
    ),
    "account_reset_password_from_key": Link(
        ask_for_reset, shows('name="password1"'), change_password, timedelta(days=3), choose_password
    ),
    "invitation": Link(invite_into_team, joins_team, take_team_invitation_back, invitations.LIFETIME, joins_team),
    "waitlist_invitation": Link(
        invite_from_waitlist, shows("By signing up"), withdraw, waitlist.INVITATION_LIFETIME, sign_up_by
    ),
    # Lets nobody in: it puts an address on the list, and says again that it is there.
    "waitlist_confirmation": Link(
        join_waitlist,
        shows("Yes, put me on the waitlist"),
        lambda email: WaitlistEntry.objects.filter(email=email).delete(),
        waitlist.CONFIRMATION_LIFETIME,
    ),
    # A way out is open for as long as there is something to leave.
    "waitlist_leaving": Link(
        offer_a_way_out,
        shows("Leave the waitlist?"),
        lambda email: WaitlistEntry.objects.filter(email=email).delete(),
        None,
        lambda path, email: new_visitor().post(path),
    ),
}
# Links with an id and no secret: whoever follows one is asked to log in, and for the right to see it.
WITH_AN_ID = {
    "billing:receipt": {"payment_id": uuid7()},
    # Where Stripe sends a buyer back to.
    "billing:checkout_session": {"session_id": uuid7()},
}
# A plain page, told which days are meant.
WITH_DAYS = {"usage:overview"}


@pytest.fixture(params=LINKS)
def link(request, settings) -> Link:
    settings.SIGNUP_MODE = "open" if request.param == "account_confirm_email" else "waitlist"
    settings.ACCOUNT_RATE_LIMITS = {"reset_password": None, "confirm_email": None}
    return LINKS[request.param]


def secret_in(path: str) -> str:
    """The random part of a link: its last, without the id and the time that some begin with."""
    return re.split(r"[:/]|(?<=\w)-(?=[0-9a-f]{32}$)", path.rstrip("/"))[-1]


def bits_of(secret: str) -> int:
    return len(secret) * (4 if re.fullmatch(r"[0-9a-f]+", secret) else 6)


def test_a_link_has_128_random_bits_and_is_another_each_time(link):
    secrets = [secret_in(link.make(new_email("ada"))) for _ in range(2)]

    assert min(map(bits_of, secrets)) >= BITS_MIN
    assert secrets[0] != secrets[1]


def test_a_link_opens_what_it_is_for_and_a_guess_does_not(link):
    email = new_email("ada")
    path = link.make(email)
    secret = secret_in(path)

    guessed = path.replace(secret, secret[::-1])

    assert (link.opens(guessed, email), link.opens(path, email)) == (False, True)


def test_a_link_ends_with_its_time(link):
    email = new_email("ada")
    path = link.make(email)
    lifetime = link.lifetime or timedelta(days=29)

    with time_machine.travel(timezone.now() + lifetime + timedelta(minutes=1)):
        assert link.opens(path, email) == (link.lifetime is None)


def test_a_link_can_be_taken_back(link):
    email = new_email("ada")
    path = link.make(email)

    link.revoke(email)

    assert not link.opens(path, email)


def test_a_link_that_lets_somebody_in_is_good_once(link):
    if link.use is None:
        return
    email = new_email("ada")
    path = link.make(email)

    link.use(path, email)

    assert not link.opens(path, email)


def linked_to() -> dict[str, str]:
    """What the mails lead to besides plain pages: the URL name, and one mail that does."""
    found = {}
    for sample in list_samples():
        content = render(sample.template, sample.context)
        for address in LINK.findall(content.text + content.html):
            parts = urlsplit(address)
            match = resolve(parts.path or "/")
            if match.kwargs or parts.query:
                found[match.view_name] = sample.name
    return found


def test_every_link_of_every_mail_leads_to_a_plain_page_or_is_named_here():
    found = linked_to()

    assert found.keys() >= LINKS.keys()
    assert found.keys() - LINKS.keys() - WITH_AN_ID.keys() == WITH_DAYS, found


@pytest.mark.parametrize("name", WITH_AN_ID)
def test_a_link_with_an_id_alone_asks_for_a_login_and_shows_a_stranger_nothing(name, stranger):
    path = reverse(name, kwargs=WITH_AN_ID[name])

    assert new_visitor().get(path)["Location"].startswith("/accounts/login/")
    assert browser_of(stranger).get(path).status_code == 404


def test_a_code_is_short_so_it_has_three_tries_in_one_browser_and_ten_minutes():
    code = re.sub(r"\W", "", render_code())

    assert 20 ** len(code) > 10**10
    assert (app_settings.LOGIN_BY_CODE_MAX_ATTEMPTS, app_settings.LOGIN_BY_CODE_TIMEOUT) == (3, 600)


def render_code() -> str:
    email = new_user(new_email("ada")).email
    new_visitor().post("/accounts/login/code/", {"email": email})
    return re.search(r"^Code: (\S+)$", deliver_mails()[-1].body, re.MULTILINE)[1]
