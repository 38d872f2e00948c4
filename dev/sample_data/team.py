"""A sample team: an owner, people of every role who have used some of its credits, and two who are invited."""

from datetime import datetime, timedelta

from django.utils import timezone

from apps.accounts import invitations, members, workspaces
from apps.accounts.models import Membership, User, Workspace
from apps.billing import seats
from apps.core.db import system_scope
from apps.generation import prompts
from dev.sample_data import month, sales, texts
from dev.sample_data.run import Run

NAME = "North Sea Charts"
PEOPLE = [
    ("sven.dahl@keel.local", "Sven Dahl", "admin", None, 2),
    ("ines.duarte@keel.local", "Ines Duarte de Vasconcelos e Albuquerque", "member", 60, 3),
    ("accounts.payable@keel.local", "", "billing", None, 0),
]
INVITED = [("wolfgang.amadeus.theophilus@conservatory.example", "member"), ("lin@keel.local", "admin")]


def make_team(*, owner: User, now: datetime) -> Workspace:
    """Make the team and everything in it; its owner works in it from then on."""
    with system_scope():
        team = workspaces.create_team(user=owner, name=NAME)
        sales.subscribe(team, plan="pro", status="active", since=now - timedelta(days=9))
        seats.write_seats(team.pk)
        boss = Membership.objects.select_related("workspace", "user").get(workspace=team, user=owner)
        workspaces.choose(membership=boss)
    month.grant_credits(team, until=now)
    for email, name, role, allowance, runs in PEOPLE:
        _let_in(boss, email=email, name=name, role=role, allowance=allowance, runs=runs, now=now)
    with system_scope():
        for email, role in INVITED:
            invitations.invite(actor=boss, email=email, role=role, at=now - timedelta(hours=1))
    return team


def _let_in(
    boss: Membership, *, email: str, name: str, role: str, allowance: int | None, runs: int, now: datetime
) -> None:
    with system_scope():
        person, _is_new = User.objects.get_or_create(email=email, defaults={"name": name})
        member = Membership.objects.create(workspace=boss.workspace, user=person, role=role)
        members.set_allowance(actor=boss, membership_id=member.pk, credits=allowance)
    title, details = texts.TOPICS[0]
    template = prompts.list_templates()[0]
    for number in range(runs):
        at = timezone.now() - timedelta(minutes=7 * (number + 1))
        run = Run(at=at, template=template, title=title, details=details)
        month.make_run(run, workspace=boss.workspace, user=person)
