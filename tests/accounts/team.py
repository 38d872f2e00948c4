"""A team and its people in tests: browsers, links in mails, and what the database says."""

import re
from typing import Any

from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from apps.accounts import invitations
from apps.accounts.models import Invitation, Membership, User, Workspace
from apps.core.db import workspace_scope
from apps.core.models import AuditEntry, OutgoingMail
from tests.accounts.conftest import new_visitor
from tests.factories import MembershipFactory, UserFactory

ROLES = ["owner", "admin", "member", "billing"]


def join(team: Workspace, role: str, **fields: Any) -> Membership:
    """Put a new person into a team."""
    return MembershipFactory(workspace=team, role=role, **fields)


def browser_of(user: User) -> Client:
    """A browser in which somebody is logged in."""
    browser = new_visitor()
    browser.force_login(user)
    return browser


def new_person(email: str, *, verified: bool = True) -> User:
    """Somebody with an account and no workspace."""
    user = UserFactory(email=email)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def link_of(invitation: Invitation) -> str:
    """The path in the latest mail of an invitation."""
    mail = OutgoingMail.objects.get(key=f"invitation:{invitation.pk}:{invitation.mails_sent}")
    return re.search(r"(/invitations/[\w-]+/)", mail.text)[1]


def secret_of(invitation: Invitation) -> str:
    return link_of(invitation).split("/")[2]


def invite(actor: Membership, email: str, *, role: str = "member", at: Any = None) -> Invitation:
    with workspace_scope(actor.workspace_id):
        return invitations.invite(actor=actor, email=email, role=role, at=at or timezone.now())


def actions_in(team: Workspace) -> list[str]:
    entries = AuditEntry.objects.filter(subject=f"workspace:{team.pk}").order_by("at", "pk")
    return list(entries.values_list("action", flat=True))


def roles_in(team: Workspace) -> dict[str, str]:
    return dict(Membership.objects.filter(workspace=team).values_list("user__email", "role"))
