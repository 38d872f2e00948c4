"""Seats: counted with pending invitations, under a lock, and written from the plan."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts import invitations
from apps.accounts.invitations import SeatsTakenError
from apps.accounts.models import Membership, Workspace
from apps.billing import seats
from apps.core.db import workspace_scope
from tests.accounts.team import browser_of, invite, join, new_person
from tests.billing_pages.plans import subscribe
from tests.factories import TeamFactory, TeamMembershipFactory


def boss_of_team_with(seat_limit: int) -> Membership:
    return TeamMembershipFactory(workspace=TeamFactory(seat_limit=seat_limit))


def accept(invitation, user):
    return invitations.accept(user=user, invitation_id=invitation.pk, workspace_id=invitation.workspace_id)


def at_once(*acts) -> list[object]:
    """Do things at the same time, each over a connection of its own; return what each raised."""
    start, raised = threading.Barrier(len(acts)), []

    def one(act, workspace_id):
        start.wait()
        try:
            with workspace_scope(workspace_id):
                act()
        except SeatsTakenError as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=act) for act in acts]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return raised


def test_a_pending_invitation_takes_a_seat(db):
    boss = boss_of_team_with(2)
    invite(boss, "bo@example.com")

    with pytest.raises(SeatsTakenError):
        invite(boss, "cy@example.com")


def test_a_withdrawn_or_expired_invitation_gives_its_seat_back(db):
    boss = boss_of_team_with(2)
    first = invite(boss, "bo@example.com")
    invitations.revoke(actor=boss, invitation_id=first.pk)
    invite(boss, "cy@example.com", at=timezone.now() - timedelta(days=8))

    assert invite(boss, "di@example.com").pk


def test_an_expired_invitation_needs_a_free_seat_to_be_sent_again(db):
    boss = boss_of_team_with(2)
    old = invite(boss, "bo@example.com", at=timezone.now() - timedelta(days=8))
    invite(boss, "cy@example.com")

    with pytest.raises(SeatsTakenError):
        invitations.resend(actor=boss, invitation_id=old.pk)


def test_the_form_says_that_all_seats_are_taken_and_keeps_the_address(db):
    boss = boss_of_team_with(1)

    answer = browser_of(boss.user).post("/settings/invitations/", {"email": "bo@example.com", "role": "member"})

    assert answer.status_code == 402
    assert "bo@example.com" in answer.text
    assert "seat of this workspace" in answer.text


def test_a_smaller_plan_removes_nobody_and_lets_nobody_in(db):
    boss, bo = boss_of_team_with(3), new_person("bo@example.com")
    team = boss.workspace
    join(team, "member")
    invitation = invite(boss, bo.email)
    Workspace.objects.filter(pk=team.pk).update(seat_limit=1)

    with pytest.raises(SeatsTakenError):
        accept(invitation, bo)
    assert team.memberships.count() == 2
    assert "Nobody is removed" in browser_of(boss.user).get("/settings/members/").text


def test_a_plan_without_a_limit_has_room_for_everybody(db):
    boss = boss_of_team_with(1)
    Workspace.objects.filter(pk=boss.workspace_id).update(seat_limit=None)

    assert [invite(boss, f"person{number}@example.com").pk for number in range(5)]


@pytest.mark.usefixtures("committed_db")
def test_two_acceptances_at_once_do_not_exceed_the_seats():
    boss = boss_of_team_with(3)
    people = [new_person("bo@example.com"), new_person("cy@example.com")]
    asked = [invite(boss, person.email) for person in people]
    Workspace.objects.filter(pk=boss.workspace_id).update(seat_limit=2)

    pairs = zip(asked, people, strict=True)
    acts = [(lambda each=each: accept(*each), boss.workspace_id) for each in pairs]
    raised = at_once(*acts)

    assert len(raised) == 1
    assert Membership.objects.filter(workspace=boss.workspace).count() == 2


@pytest.mark.usefixtures("committed_db")
def test_eight_invitations_at_once_do_not_exceed_the_seats():
    boss = boss_of_team_with(4)

    acts = [
        (lambda number=number: invite(boss, f"person{number}@example.com"), boss.workspace_id) for number in range(8)
    ]
    raised = at_once(*acts)

    assert len(raised) == 5
    assert invitations.list_open(boss.workspace_id).count() == 3


@pytest.mark.parametrize(("plan", "status", "expected"), [("pro", "active", 10), ("pro", "unpaid", 1)])
def test_the_plan_says_how_many_seats_there_are(db, plan, status, expected):
    team = TeamFactory(seat_limit=3)
    subscribe(team, plan=plan, status=status)

    assert seats.write_all_seats() == 1
    team.refresh_from_db()
    assert (team.seat_limit, seats.write_all_seats()) == (expected, 0)


def test_without_a_plan_there_are_the_seats_of_the_free_one(db):
    team = TeamFactory(seat_limit=None)

    seats.write_all_seats()

    team.refresh_from_db()
    assert team.seat_limit == 1
