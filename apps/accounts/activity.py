"""Who did what in a workspace: written to the audit log, and read back in sentences for those who run it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.accounts.permissions import Role
from apps.core import audit
from apps.core.models import AuditEntry

SHOWN_MAX = 100
# What is told, and how. Other entries about a workspace are acts of staff.
SENTENCES: dict[str, str | Promise] = {
    "workspace_created": gettext_lazy("made this workspace"),
    "workspace_became_team": gettext_lazy("turned this workspace into a team"),
    "workspace_renamed": gettext_lazy("called the workspace “%(name)s”"),
    "workspace_transferred": gettext_lazy("handed the workspace over to %(to)s"),
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
    """Return the latest acts in a workspace, newest first, at most SHOWN_MAX."""
    entries = AuditEntry.objects.filter(subject=_subject(workspace_id), action__in=SENTENCES)
    latest = list(entries.order_by("-at", "-pk")[:SHOWN_MAX])
    names = _names({entry.actor for entry in latest})
    return [Act(names.get(entry.actor, entry.actor), _tell(entry), entry.at) for entry in latest]


def _subject(workspace_id: UUID) -> str:
    return f"workspace:{workspace_id}"


def _names(actors: set[str]) -> dict[str, str]:
    """Return what the people among the actors are called now; the log itself knows them by number."""
    numbers = [actor.removeprefix("user:") for actor in actors if actor.startswith("user:")]
    return {f"user:{user.pk}": user.email for user in User.objects.filter(pk__in=numbers)}


def _tell(entry: AuditEntry) -> str:
    known: dict[str, Any] = dict.fromkeys(("name", "to", "email", "role", "before", "after"), "") | entry.details
    if entry.action == "role_changed":
        known["before"], known["after"] = map(_role, entry.details["role"])
    elif entry.action == "allowance_set":
        credits = entry.details["credits"][1]
        known["after"] = _("no limit") if credits is None else _("%(credits)s credits") % {"credits": credits}
    elif "role" in entry.details:
        known["role"] = _role(entry.details["role"])
    return str(SENTENCES[entry.action]) % known


def _role(role: str) -> str:
    return str(Role(role).label)
