"""Who may make an account: SIGNUP_MODE says it, and invitations open the door in spite of it, unless it is closed.

Every door that makes a person's account asks `require_admitted` in the transaction that makes it, and ends with
`complete`. Pages ask `admits` before, to say it kindly; what they show comes from `current_offer`.
"""

from enum import StrEnum
from typing import NamedTuple

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts import invitations, waitlist
from apps.accounts.models import User, WaitlistEntry
from apps.core.db import system_scope
from apps.core.errors import DomainError

# In a session: the digest of the waitlist invitation that was followed in this browser.
INVITED = "waitlist_invitation"


class Mode(StrEnum):
    """Who may make an account: everybody; whom a team or staff have invited; the same, others may wait; nobody."""

    OPEN = "open"
    INVITE = "invite"
    WAITLIST = "waitlist"
    CLOSED = "closed"


class SignUpClosedError(DomainError):
    """Nobody, or not this address, may make an account now."""

    code = "sign_up_closed"
    status = 403
    sentence = _("We are not taking new customers right now.")


class Offer(NamedTuple):
    """What is offered to somebody without an account: where to, under which words; no `url` where there is nothing."""

    mode: Mode
    url: str
    label: str | Promise

    @property
    def is_open(self) -> bool:
        """Whether everybody may make an account."""
        return self.mode == Mode.OPEN

    @property
    def takes_names(self) -> bool:
        """Whether there is a waitlist to join."""
        return self.mode == Mode.WAITLIST

    @property
    def is_closed(self) -> bool:
        """Whether no invitation helps either."""
        return self.mode == Mode.CLOSED


# The name of the page, and its words on a button.
OFFERED = {
    Mode.OPEN: ("account_signup", _("Create your account")),
    Mode.INVITE: ("account_signup", _("By invitation")),
    Mode.WAITLIST: ("waitlist", _("Join the waitlist")),
    Mode.CLOSED: ("", _("We are not taking new customers right now.")),
}


def current_mode() -> Mode:
    """Return what SIGNUP_MODE says; a word that is none of ours opens nothing (see checks.py)."""
    try:
        return Mode(settings.SIGNUP_MODE)
    except ValueError:
        return Mode.CLOSED


def current_offer() -> Offer:
    """Return what to offer people without an account."""
    mode = current_mode()
    page, label = OFFERED[mode]
    return Offer(mode, reverse(page) if page else "", label)


def admits(request: HttpRequest, *, email: str = "") -> bool:
    """Tell whether an account can be made in this browser: with this address, or without one with any."""
    mode = current_mode()
    if mode in {Mode.OPEN, Mode.CLOSED}:
        return mode == Mode.OPEN
    invited = _invited_addresses(request)
    return email.lower() in invited if email else bool(invited)


def require_admitted(request: HttpRequest, *, email: str) -> None:
    """Raise SignUpClosedError unless an account can be made in this browser with this address."""
    if not admits(request, email=email):
        raise SignUpClosedError


def proves_address(request: HttpRequest, *, email: str) -> bool:
    """Tell whether this browser has followed an invitation from the waitlist, which we mailed to this address."""
    entry = _find_invited(request)
    return entry is not None and entry.email == email.lower() and current_mode() != Mode.CLOSED


def complete(request: HttpRequest, *, user: User) -> None:
    """Use up the invitation that an account was made with, and announce each address of it that is confirmed.

    In the transaction that makes the account. Raises SignUpClosedError if the invitation was withdrawn meanwhile.
    """
    digest = request.session.get(INVITED)
    if digest and waitlist.take_up(digest=digest, email=user.email):
        del request.session[INVITED]
    else:
        require_admitted(request, email=user.email)
    for address in EmailAddress.objects.filter(user=user, verified=True):
        email_confirmed.send(sender=EmailAddress, request=request, email_address=address)


def _invited_addresses(request: HttpRequest) -> set[str]:
    with system_scope():
        of_team = invitations.find_followed(request.session)
    is_pending = of_team is not None and of_team.accepted_at is None
    entry = _find_invited(request)
    return {one.email for one in (of_team if is_pending else None, entry) if one is not None}


def _find_invited(request: HttpRequest) -> WaitlistEntry | None:
    digest = request.session.get(INVITED)
    return waitlist.find_invited(digest) if digest else None
