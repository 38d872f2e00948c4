"""What a member may use of a team's credits in a month: counted with the hold, and never exceeded."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Membership
from apps.accounts.permissions import NotPermittedError
from apps.accounts.selectors import WorkspaceNotFoundError
from apps.billing.spending import month_start
from apps.generation import leases, member_allowances, services, settling
from apps.generation.member_allowances import AllowanceError
from apps.generation.models import Generation
from apps.generation.outcomes import RunOutcome
from tests.accounts.team import browser_of, join
from tests.factories import TeamFactory, grant
from tests.generation import runs


@pytest.fixture
def team(db):
    team = TeamFactory()
    grant(team, amount_credits=100_000)
    return team


@pytest.fixture
def needed(team) -> int:
    """What each run of these tests holds."""
    return run_and_stop(join(team, "owner")).hold.amount


def start(member) -> Generation:
    return runs.start(member, model="keel-demo")


def run_and_stop(member) -> Generation:
    generation = start(member)
    services.cancel_generation(generation)
    return runs.fresh(generation)


def allow(member, credits: int) -> Membership:
    Membership.objects.filter(pk=member.pk).update(allowance_credits=credits)
    return Membership.objects.get(pk=member.pk)


def used(member, **more) -> int:
    return member_allowances.count_used(
        workspace_id=member.workspace_id, user_id=member.user_id, at=more.get("at", timezone.now())
    )


def test_a_run_that_fits_exactly_starts_and_the_next_does_not(team, needed):
    member = allow(join(team, "member"), needed)
    start(member)

    with pytest.raises(AllowanceError) as refusal:
        start(member)
    assert (refusal.value.code, refusal.value.status, refusal.value.left) == ("member_allowance", 402, 0)
    assert Generation.objects.filter(user=member.user).count() == 1


def test_what_was_only_held_comes_back(team, needed):
    member = allow(join(team, "member"), needed)

    run_and_stop(member)

    assert used(member) == 0
    assert start(member).pk


def test_what_was_charged_counts_for_this_month_and_not_for_the_next(team):
    member = join(team, "member")
    lease = leases.claim(start(member).pk)
    assert settling.settle(lease, RunOutcome("succeeded", "A text", (), "stop"))
    Generation.objects.filter(pk=lease.generation_id).update(charged_credits=3)

    assert used(member) == 3
    assert used(member, at=timezone.now() + timedelta(days=32)) == 0
    assert member_allowances.count_used_by_members(team.pk, timezone.now()) == {member.user_id: 3}


def test_a_run_of_last_month_that_ended_this_month_counts_now(team):
    member = join(team, "member")
    generation = run_and_stop(member)
    begin = month_start(timezone.now())
    times = {"created_at": begin - timedelta(minutes=2), "finished_at": begin + timedelta(seconds=1)}
    Generation.objects.filter(pk=generation.pk).update(charged_credits=5, **times)

    assert used(member, at=begin + timedelta(hours=1)) == 5


def test_others_and_other_workspaces_do_not_count(team, needed):
    member = allow(join(team, "member"), needed)
    start(join(team, "member"))
    elsewhere = join(TeamFactory(), "member", user=member.user)
    grant(elsewhere.workspace, amount_credits=1_000)
    start(elsewhere)

    assert start(member).pk


def test_without_an_allowance_there_is_as_much_as_there_is(team):
    member = join(team, "member")

    assert [start(member).pk for _ in range(2)]


def test_an_allowance_of_zero_starts_nothing(team):
    with pytest.raises(AllowanceError):
        start(allow(join(team, "member"), 0))


def test_who_was_removed_or_only_pays_starts_nothing(team):
    gone, payer = join(team, "member"), join(team, "billing")
    Membership.objects.filter(pk=gone.pk).delete()

    with pytest.raises(WorkspaceNotFoundError):
        start(gone)
    with pytest.raises(NotPermittedError):
        start(payer)


def test_a_deleted_team_starts_nothing(team):
    member = join(team, "member")
    type(team).objects.filter(pk=team.pk).update(deleted_at=timezone.now())

    with pytest.raises(WorkspaceNotFoundError):
        start(member)


def test_the_composer_says_it_before_anything_is_sent(team):
    member = allow(join(team, "member"), 1)

    page = browser_of(member.user).get("/generations/new/").text

    assert 'data-reason="allowance"' in page
    assert "You may use 1 more credit this month" in page
    assert 'name="offer"' not in page


def test_the_refusal_is_shown_beside_the_text_and_told_to_programs(team):
    browser = browser_of(allow(join(team, "member"), 1).user)
    sent = {"template": "summary", "text": runs.TEXT, "format": "Bullet points", "idempotency_key": "one"}
    sent |= {"model": "keel-demo"}

    shown = browser.post("/generations/", sent, headers={"HX-Request": "true"})

    assert (shown.status_code, shown["HX-Retarget"]) == (402, "#generation-estimate")
    assert "Your allowance of this month does not suffice" in shown.text


@pytest.mark.usefixtures("committed_db")
def test_eight_starts_at_once_do_not_exceed_the_allowance():
    team = TeamFactory()
    grant(team, amount_credits=100_000)
    needed = run_and_stop(join(team, "owner")).hold.amount
    member = allow(join(team, "member"), needed * 2 + 1)
    barrier, refused = threading.Barrier(8), []

    def one():
        barrier.wait()
        try:
            start(member)
        except AllowanceError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert (len(refused), used(member)) == (6, needed * 2)
