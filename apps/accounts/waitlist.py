"""The waitlist: who would like an account, confirmed by mail, and whom staff have invited to make one.

A name is on the list once the link of a mail was followed. An invitation is a link of its own: good once, for two
weeks, for that address alone, withdrawn at any time. Of links only digests are kept. Whoever leaves is forgotten.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy

from apps.accounts import mailed_links
from apps.accounts.models import User, WaitlistEntry
from apps.core import audit, mailing
from apps.core.db import system_scope
from apps.core.errors import DomainError
from apps.core.mail_rendering import absolute_url

CONFIRMATION_LIFETIME = timedelta(days=7)
INVITATION_LIFETIME = timedelta(days=14)
# One address gets one mail in this time, however often it is typed in.
MAIL_PAUSE = timedelta(hours=1)
# What nobody has confirmed is forgotten after this.
UNCONFIRMED_KEPT = timedelta(days=30)
# Each invitation is a mail that is rendered in the transaction of the click.
INVITED_AT_ONCE_MAX = 200


class InvitedMeanwhileError(DomainError):
    """The form was sent before, or somebody else has invited people since it was made."""

    code = "invited_meanwhile"
    status = 409
    sentence = gettext_lazy("People have been invited since this page was opened. Look at the list, then try again.")


def join(*, email: str, at: datetime | None = None) -> None:
    """Put an address on the list as soon as it is confirmed, and mail it the link for that.

    Again: nothing but another mail, after MAIL_PAUSE, while it is not confirmed. What becomes of it is not told to who
    typed it in.
    """
    at, email = at or timezone.now(), email.strip().lower()
    entry = WaitlistEntry(email=email, mailed_at=at)
    try:
        with system_scope():
            known = WaitlistEntry.objects.select_for_update().filter(email=email).first()
            if known is None or (known.confirmed_at is None and known.mailed_at <= at - MAIL_PAUSE):
                _ask(known or entry, is_new=known is None, at=at)
    except IntegrityError:
        # The same address at the same time: the other was first, and has sent the mail.
        return


def confirm(secret: str, *, at: datetime | None = None) -> WaitlistEntry | None:
    """Put the address of a confirmation's link on the list; again changes nothing. None for a link that is void."""
    at = at or timezone.now()
    entry = find_by_secret(secret, at=at)
    if entry is not None:
        WaitlistEntry.objects.filter(pk=entry.pk, confirmed_at=None).update(confirmed_at=at)
    return entry


def find_by_secret(secret: str, *, at: datetime | None = None) -> WaitlistEntry | None:
    """Return the entry that the link of a confirmation names, confirmed or still to be; None for a void link."""
    at = at or timezone.now()
    in_time = Q(confirmed_at__isnull=False) | Q(mailed_at__gt=at - CONFIRMATION_LIFETIME)
    return WaitlistEntry.objects.filter(in_time, digest=mailed_links.digest_of(secret)).first()


def find_to_leave(secret: str) -> WaitlistEntry | None:
    """Return the entry that a link for leaving names: of either mail, for as long as there is an entry."""
    digest = mailed_links.digest_of(secret)
    return WaitlistEntry.objects.filter(Q(digest=digest) | Q(invitation_digest=digest)).first()


def leave(secret: str) -> bool:
    """Forget the entry that a link for leaving names, invitation and all; False if there is none any more."""
    digest = mailed_links.digest_of(secret)
    forgotten, _models = WaitlistEntry.objects.filter(Q(digest=digest) | Q(invitation_digest=digest)).delete()
    return bool(forgotten)


def invite(entries: QuerySet[WaitlistEntry], *, actor: str, at: datetime | None = None) -> int:
    """Mail each entry that can be invited a link to make an account with; return how many were mailed.

    Who is invited already, has an account or has not confirmed is left out, so a second click mails nobody. At most
    INVITED_AT_ONCE_MAX, the first first.
    """
    at = at or timezone.now()
    chosen = _invitable(at).filter(pk__in=entries.order_by().values("pk"))
    return _invite(chosen, limit=INVITED_AT_ONCE_MAX, actor=actor, at=at)


def invite_next(*, count: int, invited_before: int, actor: str, at: datetime | None = None) -> int:
    """Invite those who have waited longest since they confirmed; return how many were mailed.

    `invited_before` is `count_invited` when the form was made: the same form again invites nobody else. Raises
    InvitedMeanwhileError.
    """
    at = at or timezone.now()
    if count_invited() != invited_before:
        raise InvitedMeanwhileError
    never_invited = _invitable(at).filter(invited_at=None)
    return _invite(never_invited, limit=min(count, INVITED_AT_ONCE_MAX), actor=actor, at=at)


def invite_address(*, email: str, actor: str, at: datetime | None = None) -> int:
    """Invite an address that need not be on the list; return 1, or 0 if it is invited or has an account."""
    at, email = at or timezone.now(), email.strip().lower()
    digest = mailed_links.digest_of(mailed_links.new_secret())
    entry, _created = WaitlistEntry.objects.get_or_create(email=email, defaults={"mailed_at": at, "digest": digest})
    found = _open(at).filter(pk=entry.pk)
    return _invite(found, limit=1, actor=actor, at=at)


def count_invited() -> int:
    """Return how many entries have an invitation, or had one and used it."""
    return WaitlistEntry.objects.filter(invited_at__isnull=False).count()


def withdraw(entry_ids: Iterable[UUID], *, actor: str) -> int:
    """Void the invitations of entries at once; they wait again. Return how many there were."""
    withdrawn = 0
    for entry_id in entry_ids:
        pending = WaitlistEntry.objects.filter(pk=entry_id, signed_up_at=None, invited_at__isnull=False)
        if pending.update(invitation_digest=None, invited_at=None, expires_at=None):
            audit.record(actor=actor, action="waitlist_invitation_withdrawn", subject=f"waitlistentry:{entry_id}")
            withdrawn += 1
    return withdrawn


def find_invitation(secret: str, *, at: datetime | None = None) -> WaitlistEntry | None:
    """Return the entry that the link of an invitation names, if an account can be made with it now."""
    return find_invited(mailed_links.digest_of(secret), at=at)


def find_invited(digest: str, *, at: datetime | None = None) -> WaitlistEntry | None:
    """Return the same by the digest of the link, as a session remembers it: withdrawn is withdrawn there, too."""
    usable = WaitlistEntry.objects.filter(signed_up_at=None, expires_at__gt=at or timezone.now())
    return usable.filter(invitation_digest=digest).first()


def take_up(*, digest: str, email: str, at: datetime | None = None) -> bool:
    """Use an invitation up for a new account with its address, in its transaction; False if it is void."""
    at = at or timezone.now()
    usable = WaitlistEntry.objects.filter(signed_up_at=None, expires_at__gt=at, invitation_digest=digest, email=email)
    used = usable.update(signed_up_at=at, invitation_digest=None, confirmed_at=Coalesce("confirmed_at", Value(at)))
    return bool(used)


def purge(*, at: datetime | None = None) -> int:
    """Forget what nobody has confirmed for UNCONFIRMED_KEPT; return how many entries that were."""
    before = (at or timezone.now()) - UNCONFIRMED_KEPT
    with system_scope():
        forgotten, _models = WaitlistEntry.objects.filter(confirmed_at=None, mailed_at__lte=before).delete()
    return forgotten


def _ask(entry: WaitlistEntry, *, is_new: bool, at: datetime) -> None:
    secret = mailed_links.new_secret()
    entry.digest, entry.mailed_at = mailed_links.digest_of(secret), at
    entry.save(force_insert=is_new)
    mailing.send(
        key=f"waitlist:{entry.digest}",
        to=entry.email,
        template="mail/waitlist_confirmation.html",
        email=entry.email,
        confirmation_url=absolute_url("waitlist_confirmation", secret=secret),
        leaving_url=absolute_url("waitlist_leaving", secret=secret),
        lifetime_days=CONFIRMATION_LIFETIME.days,
    )


def _open(at: datetime) -> QuerySet[WaitlistEntry]:
    """Return who has no invitation that works and no account."""
    without = WaitlistEntry.objects.filter(Q(invited_at=None) | Q(expires_at__lte=at), signed_up_at=None)
    return without.exclude(Exists(User.objects.filter(email=OuterRef("email"))))


def _invitable(at: datetime) -> QuerySet[WaitlistEntry]:
    return _open(at).filter(confirmed_at__isnull=False).order_by("confirmed_at", "pk")


def _invite(entries: QuerySet[WaitlistEntry], *, limit: int, actor: str, at: datetime) -> int:
    # Locked: of two clicks at once the second waits here, and then finds nobody left to invite.
    chosen = list(entries.select_for_update(of=("self",))[:limit])
    for entry in chosen:
        _send_invitation(entry, at=at)
        audit.record(actor=actor, action="waitlist_invited", subject=f"waitlistentry:{entry.pk}")
    return len(chosen)


def _send_invitation(entry: WaitlistEntry, *, at: datetime) -> None:
    secret = mailed_links.new_secret()
    entry.invitation_digest = mailed_links.digest_of(secret)
    entry.invited_at = entry.mailed_at = at
    entry.expires_at = at + INVITATION_LIFETIME
    entry.save(update_fields=["invitation_digest", "invited_at", "mailed_at", "expires_at"])
    mailing.send(
        key=f"waitlist_invitation:{entry.invitation_digest}",
        to=entry.email,
        template="mail/waitlist_invitation.html",
        email=entry.email,
        credits=settings.SIGN_UP_GRANT_CREDITS,
        expires_at=entry.expires_at,
        invitation_url=absolute_url("waitlist_invitation", secret=secret),
        leaving_url=absolute_url("waitlist_leaving", secret=secret),
    )
