"""Who is taken out of a team is told so by mail, once; nobody else is."""

import pytest

from apps.core.models import OutgoingMail
from tests.accounts.team import browser_of, join
from tests.factories import TeamMembershipFactory

pytestmark = pytest.mark.django_db


def test_who_is_removed_gets_one_mail_and_the_others_none():
    owner = TeamMembershipFactory(user__name="Ada Lovelace")
    admin, member = join(owner.workspace, "admin"), join(owner.workspace, "member")
    removal = f"/settings/members/{member.pk}/removal/"

    statuses = [browser_of(one.user).post(removal).status_code for one in (admin, owner)]

    [mail] = OutgoingMail.objects.all()
    assert (statuses, mail.to) == ([302, 404], member.user.email)
    assert mail.subject == f"You were removed from {owner.workspace.name}"
    assert f"{admin.user.display_name} has taken you out of the workspace {owner.workspace.name}" in mail.text
    assert "Their role: Admin" in mail.text


def test_a_removal_that_is_refused_and_leaving_send_nothing():
    owner = TeamMembershipFactory()
    member = join(owner.workspace, "member")

    refused = browser_of(member.user).post(f"/settings/members/{owner.pk}/removal/")
    left = browser_of(member.user).post("/settings/workspace/departure/")

    assert (refused.status_code, left.status_code) == (403, 302)
    assert not OutgoingMail.objects.exists()
