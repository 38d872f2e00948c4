"""Who did what in a workspace: written to the audit log, and read back in sentences for those who run it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import Invitation, User
from apps.accounts.permissions import Role
from apps.core import audit
from apps.core.models import AuditEntry

SHOWN_MAX = 100
# What is told, and how. Other entries about a workspace are acts of staff.
SENTENCES: dict[str, str | Promise] = {
    "workspace_created": gettext_lazy("made this workspace"),
    "workspace_became_team": gettext_lazy("turned this workspace into a team"),
    "workspace_renamed": gettext_lazy("gave the workspace another name"),
    "workspace_transferred": gettext_lazy("handed the workspace over to %(email)s"),
    "workspace_deleted": gettext_lazy("deleted the workspace"),
    "workspace_undeleted": gettext_lazy("restored the workspace"),
    "member_invited": gettext_lazy("invited %(email)s as %(role)s"),
    "invitation_resent": gettext_lazy("sent %(email)s the invitation again"),
    "invitation_revoked": gettext_lazy("withdrew the invitation of %(email)s"),
    "invitation_accepted": gettext_lazy("joined as %(role)s"),
    "role_changed": gettext_lazy("changed the role of %(email)s from %(before)s to %(after)s"),
    "allowance_set": gettext_lazy("set the monthly allowance of %(email)s to %(after)s"),
    "member_removed": gettext_lazy("removed %(email)s"),
    "member_left": gettext_lazy("left"),
    "spending_rules_changed": gettext_lazy("changed the spending rules"),
    "retention_changed": gettext_lazy("changed how long texts are kept"),
}


@dataclass(frozen=True)
class Act:
    """One line of the list: who, what, when."""

    actor: str
    sentence: str
    at: datetime


def record(*, actor: User, action: str, workspace_id: UUID, **details: Any) -> None:
    """Write down what a person did in a workspace, in the transaction of the act."""
    audit.record(actor=f"user:{actor.pk}", action=action, subject=_subject(workspace_id), **details)


def list_acts(workspace_id: UUID) -> list[Act]:
    """Return the latest acts in a workspace, newest first, at most SHOWN_MAX. Within its scope."""
    entries = AuditEntry.objects.filter(subject=_subject(workspace_id), action__in=SENTENCES)
    latest = list(entries.order_by("-at", "-pk")[:SHOWN_MAX])
    people = {entry.actor for entry in latest} | {f"user:{entry.details.get('member')}" for entry in latest}
    names, invited = _names(people), _invited([str(entry.details.get("invitation", "")) for entry in latest])
    return [
        Act(names.get(entry.actor, entry.actor), _tell(entry, names=names, invited=invited), entry.at)
        for entry in latest
    ]


def _subject(workspace_id: UUID) -> str:
    return f"workspace:{workspace_id}"


def _names(actors: set[str]) -> dict[str, str]:
    """Return what the people among the actors are called now; the log itself knows them by number."""
    numbers = [number for kind, _colon, number in (actor.partition(":") for actor in actors) if number.isdigit()]
    return {f"user:{user.pk}": user.email for user in User.objects.filter(pk__in=numbers)}


def _invited(ids: Iterable[str]) -> dict[str, str]:
    """Return which address each invitation is for; an erased person's is none any more."""
    invitations = Invitation.objects.filter(pk__in=[one for one in ids if one])
    return {str(invitation.pk): invitation.email for invitation in invitations}


def _tell(entry: AuditEntry, *, names: dict[str, str], invited: dict[str, str]) -> str:
    member = entry.details.get("member")
    email = invited.get(entry.details.get("invitation", ""), "") or names.get(f"user:{member}", f"user:{member}")
    known: dict[str, Any] = {"email": email, "role": "", "before": "", "after": ""} | entry.details
    if entry.action == "role_changed":
        known["before"], known["after"] = map(_role, entry.details["role"])
    elif entry.action == "allowance_set":
        known["after"] = _allowances(entry.details)
    elif "role" in entry.details:
        known["role"] = _role(entry.details["role"])
    return str(SENTENCES[entry.action]) % known


def _allowances(details: Mapping[str, Any]) -> str:
    monthly, daily = (details.get(name, [None, None]) for name in ("credits", "daily_credits"))
    if daily[0] == daily[1]:
        return _credits(monthly[1])
    return _("%(monthly)s, and the daily one to %(daily)s") % {
        "monthly": _credits(monthly[1]),
        "daily": _credits(daily[1]),
    }


def _credits(credits: int | None) -> str:
    return _("no limit") if credits is None else _("%(credits)s credits") % {"credits": credits}


def _role(role: str) -> str:
    return str(Role(role).label)
