"""Invitations: the mail, the link, and everybody who tries to use it."""

import hashlib
import re
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts import invitations, members
from apps.accounts.invitations import InvitationGoneError, OtherAddressError, TooManyMailsError
from apps.accounts.models import Invitation, Membership, Workspace
from apps.core.db import workspace_scope
from apps.core.http import without_secrets
from apps.core.models import OutgoingMail
from apps.core.personal_data import erase_user
from tests.accounts.conftest import PASSWORD, deliver_mails, link_in, new_email, new_visitor
from tests.accounts.team import actions_in, browser_of, invite, join, link_of, new_person, roles_in, secret_of
from tests.factories import TeamMembershipFactory


@pytest.fixture
def boss(db) -> Membership:
    return TeamMembershipFactory()


@pytest.fixture
def team(boss) -> Workspace:
    return boss.workspace


def accept(invitation, user, **more):
    return invitations.accept(user=user, invitation_id=invitation.pk, workspace_id=invitation.workspace_id, **more)


def test_an_invitation_is_one_mail_to_that_address_with_a_long_random_link(boss, team):
    answer = browser_of(boss.user).post("/settings/invitations/", {"email": "Bo@Example.com", "role": "admin"})

    invitation = Invitation.objects.get()
    mail = OutgoingMail.objects.get(key__startswith="invitation:")
    assert (answer.status_code, invitation.role) == (302, "admin")
    assert invitation.email == mail.to == "bo@example.com"
    assert len(secret_of(invitation)) * 6 >= 128
    assert actions_in(team) == ["member_invited"]


def test_only_a_digest_of_the_link_is_kept(boss):
    invitation = invite(boss, "bo@example.com")
    secret = secret_of(invitation)

    assert invitation.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(Invitation.objects.filter(pk=invitation.pk).values().get())


def test_inviting_twice_sends_one_mail_and_takes_the_new_role(boss):
    first = invite(boss, "bo@example.com")
    second = invite(boss, "BO@example.com", role="billing")

    assert first.pk == second.pk
    assert Invitation.objects.get().role == "billing"
    assert OutgoingMail.objects.filter(key__startswith="invitation:").count() == 1


def test_nobody_who_is_here_is_invited(boss, team):
    invite_here = new_person("here@example.com")
    join(team, "member", user=invite_here)

    with pytest.raises(invitations.AlreadyMemberError):
        invite(boss, "here@example.com")


def test_nobody_is_invited_into_a_personal_workspace(owner):
    answer = browser_of(owner).post("/settings/invitations/", {"email": "bo@example.com", "role": "member"})

    assert answer.status_code == 409
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("sent", [{"email": "no", "role": "member"}, {"email": "a@b.example", "role": "owner"}, {}])
def test_a_form_that_makes_no_sense_invites_nobody(boss, sent):
    assert browser_of(boss.user).post("/settings/invitations/", sent).status_code == 422
    assert not Invitation.objects.exists()


def test_who_has_an_account_and_is_logged_in_joins_and_lands_in_the_team(boss, team):
    bo = new_person("bo@example.com")
    browser = browser_of(bo)

    page = browser.get(link_of(invite(boss, bo.email)), follow=True)
    answer = browser.post("/invitations/acceptance/")

    assert page.redirect_chain == [("/invitations/", 302)]
    assert team.name in page.text
    assert (answer.status_code, roles_in(team)[bo.email]) == (302, "member")
    assert browser.get("/settings/").context["request"].workspace == team
    assert actions_in(team) == ["member_invited", "invitation_accepted"]


def test_who_is_logged_out_logs_in_and_comes_back_to_it(boss, team):
    bo = new_person(new_email("bo"))
    bo.set_password(PASSWORD)
    bo.save()
    browser = new_visitor()
    browser.get(link_of(invite(boss, bo.email)))

    answer = browser.post("/accounts/login/", {"login": bo.email, "password": PASSWORD})

    assert answer["Location"] == "/invitations/"
    browser.post("/invitations/acceptance/")
    assert roles_in(team)[bo.email] == "member"


def test_who_has_no_account_makes_one_and_lands_in_the_team(boss, team):
    email, browser = new_email("new"), new_visitor()
    page = browser.get(link_of(invite(boss, email)), follow=True)
    assert f"/accounts/signup/?email={email.replace('@', '%40')}" in page.text

    browser.post("/accounts/signup/", {"email": email, "password1": PASSWORD})
    confirmation = next(mail for mail in deliver_mails() if mail.to == [email] and "/confirm-email/" in mail.body)
    answer = browser.post(link_in(confirmation))

    assert answer["Location"] == "/invitations/"
    browser.post("/invitations/acceptance/")
    assert roles_in(team)[email] == "member"


def test_who_confirmed_elsewhere_finds_it_among_their_workspaces(boss, team):
    bo = new_person("bo@example.com")
    invitation = invite(boss, bo.email)
    browser = browser_of(bo)
    assert team.name in browser.get("/settings/workspaces/").text

    browser.post(f"/settings/workspaces/invitations/{invitation.pk}/acceptance/")

    assert roles_in(team)[bo.email] == "member"


def test_who_has_another_address_is_told_and_stays_out(boss, team, owner):
    browser = browser_of(owner)
    page = browser.get(link_of(invite(boss, "bo@example.com")), follow=True)

    answer = browser.post("/invitations/acceptance/")

    assert "bo@example.com" in page.text
    assert "Join the workspace" not in page.text
    assert (answer.status_code, owner.email in roles_in(team)) == (403, False)


def test_an_address_that_is_not_confirmed_opens_nothing(boss):
    invitation = invite(boss, "bo@example.com")
    pretender = new_person("bo@example.com", verified=False)

    with pytest.raises(OtherAddressError):
        accept(invitation, pretender)
    assert not invitations.list_for(pretender, at=timezone.now()).exists()


def test_a_link_works_once(boss, team):
    bo = new_person("bo@example.com")
    invitation = invite(boss, bo.email)
    member = accept(invitation, bo)

    assert accept(invitation, bo) == member
    members.remove(actor=boss, membership_id=member.pk)
    with pytest.raises(InvitationGoneError):
        accept(invitation, bo)


def test_a_link_expires_after_a_week(boss):
    bo, invitation = new_person("bo@example.com"), invite(boss, "bo@example.com")
    later = timezone.now() + timedelta(days=7, seconds=1)

    assert invitations.find_by_secret(secret_of(invitation), at=later) is None
    with pytest.raises(InvitationGoneError):
        accept(invitation, bo, at=later)


def test_a_link_that_was_withdrawn_is_void_at_once(boss, team):
    bo, invitation = new_person("bo@example.com"), invite(boss, "bo@example.com")
    browser = browser_of(bo)
    browser.get(link_of(invitation))

    browser_of(boss.user).post(f"/settings/invitations/{invitation.pk}/revocation/")

    assert browser.get(link_of(invitation)).status_code == 404
    assert browser.post("/invitations/acceptance/").status_code == 404
    assert bo.email not in roles_in(team)


def test_a_second_mail_has_another_link_and_the_first_is_void(boss):
    invitation = invite(boss, "bo@example.com", at=timezone.now() - timedelta(minutes=5))
    first = link_of(invitation)

    again = invitations.resend(actor=boss, invitation_id=invitation.pk)

    assert link_of(again) != first
    assert new_visitor().get(first).status_code == 404
    assert new_visitor().get(link_of(again)).status_code == 302


def test_mails_are_not_sent_as_often_as_somebody_likes(boss, monkeypatch):
    invitation = invite(boss, "bo@example.com")
    with pytest.raises(TooManyMailsError):
        invitations.resend(actor=boss, invitation_id=invitation.pk)
    monkeypatch.setattr(invitations, "MAILS_PER_DAY_MAX", 1)

    with pytest.raises(TooManyMailsError):
        invite(boss, "cy@example.com")


def test_nobody_acts_on_the_invitations_of_another_team(boss):
    theirs = invite(TeamMembershipFactory(), "bo@example.com")

    for act in (invitations.resend, invitations.revoke):
        with pytest.raises(InvitationGoneError):
            act(actor=boss, invitation_id=theirs.pk)
    with pytest.raises(InvitationGoneError):
        invitations.accept(user=boss.user, invitation_id=theirs.pk, workspace_id=boss.workspace_id)


def test_the_invitation_of_a_deleted_team_opens_nothing(boss, team):
    bo, invitation = new_person("bo@example.com"), invite(boss, "bo@example.com")
    Workspace.objects.filter(pk=team.pk).update(deleted_at=timezone.now())

    assert browser_of(bo).get(link_of(invitation)).status_code == 404
    assert not invitations.list_for(bo, at=timezone.now()).exists()


@pytest.mark.parametrize("secret", ["x", "a" * 43, "acceptance-", "%00", "é"])
def test_a_guess_is_told_nothing(db, secret):
    assert new_visitor().get(f"/invitations/{secret}/").status_code in {400, 404}


def test_the_secret_is_kept_out_of_logs():
    assert without_secrets("/invitations/abc-DEF_123/") == "/invitations/[Filtered]/"


def test_the_address_of_an_erased_person_is_forgotten(boss):
    bo = new_person("bo@example.com")
    pending, accepted = invite(boss, bo.email), invite(TeamMembershipFactory(), bo.email)
    accept(accepted, bo)

    erase_user(bo)

    assert not Invitation.objects.filter(email="bo@example.com").exists()
    assert Invitation.objects.get(pk=pending.pk).revoked_at is not None


def test_the_page_shows_no_invitations_to_who_may_not_invite(boss, team):
    invite(boss, "bo@example.com")

    assert "bo@example.com" not in browser_of(join(team, "member").user).get("/settings/members/").text


@pytest.mark.usefixtures("committed_db")
def test_eight_acceptances_at_once_make_one_membership():
    boss, bo = TeamMembershipFactory(), new_person("bo@example.com")
    invitation = invite(boss, bo.email)
    start, joined = threading.Barrier(8), []

    def one():
        start.wait()
        joined.append(accept_in_scope(invitation, bo).pk)
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert len(joined) == 8
    assert len(set(joined)) == 1


def accept_in_scope(invitation, user):
    with workspace_scope(invitation.workspace_id):
        return accept(invitation, user)


def test_links_in_mails_lead_to_the_site_whatever_host_was_asked(boss):
    browser = browser_of(boss.user)
    browser.post(
        "/settings/invitations/", {"email": "bo@example.com", "role": "member"}, headers={"host": "testserver"}
    )

    text = OutgoingMail.objects.get(key__startswith="invitation:").text
    assert re.findall(r"https?://([^/\s]+)/invitations/", text) == ["127.0.0.1:8000"]
