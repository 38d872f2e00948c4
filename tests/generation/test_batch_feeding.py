"""The feeder: rows become ordinary generations, a few at a time, once each, whoever dies or comes at the same time."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from apps.accounts import consent
from apps.accounts.models import Membership
from apps.billing.models import LedgerEntry
from apps.core.errors import UnavailableError
from apps.generation import batch_feeding, batch_selectors, batches, services, workspace_end
from apps.generation.models import Batch, BatchRow, Generation
from tests.factories import FundedMembershipFactory, GenerationFactory, TeamMembershipFactory, grant
from tests.generation import plans, runs
from tests.generation.batch_files import feed, fresh, started, statuses, summaries, upload


@pytest.fixture
def member(workshop):
    return FundedMembershipFactory()


def run_all(batch: Batch) -> None:
    """Do what the workers do for what was started."""
    for generation in Generation.objects.filter(batch_row__batch=batch, status="queued"):
        runs.run(generation)


def end_all(batch: Batch, **columns: object) -> None:
    """Let what was started fail, without asking any model."""
    for generation in Generation.objects.filter(batch_row__batch=batch, status="queued"):
        services.settling.end_queued(
            generation, status=Generation.Status.FAILED, finish_reason="error", error_code="provider_unavailable"
        )


def test_a_batch_runs_to_its_end_and_its_rows_add_up_to_the_ledger(member):
    batch = started(member, 3)
    assert feed(batch) == 3
    run_all(batch)
    feed(batch)

    progress = batch_selectors.get_progress(batch)
    captured = -sum(LedgerEntry.objects.filter(kind="capture").values_list("amount", flat=True))
    assert (fresh(batch).status, progress.succeeded, progress.credits_ahead) == ("finished", 3, 0)
    assert progress.credits_used == captured > 0
    assert {one.user_id for one in Generation.objects.all()} == {member.user_id}


def test_nothing_starts_before_somebody_says_so_and_starting_twice_starts_once(member):
    batch = upload(member, summaries(2))
    assert feed(batch) == 0

    for _time in range(2):
        batches.start(batch, user=member.user)
    assert feed(batch) == 2
    assert feed(batch) == 0


def test_rows_that_are_left_out_stay_so(member):
    batch = upload(member, f"{summaries(1)}short,Bullet points,1\n")
    batches.start(batch, user=member.user)
    feed(batch)

    assert statuses(batch) == ["started", "invalid"]


def test_a_feeder_that_died_after_a_start_is_followed_by_one_that_links_the_same_generation(member, monkeypatch):
    batch = started(member, 2)
    with monkeypatch.context() as patch:
        patch.setattr(batch_feeding, "_link", lambda *args, **more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            feed(batch)
    assert statuses(batch) == ["waiting", "waiting"]
    feed(batch)

    assert Generation.objects.count() == 2
    assert statuses(batch) == ["started", "started"]


def test_feeders_at_the_same_time_start_each_row_once(member, monkeypatch):
    monkeypatch.setattr(batch_feeding, "CLAIM_SECONDS", -1)
    batch = started(member, 8)
    threads = [threading.Thread(target=feed_and_close) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(runs.PATIENCE_SECONDS)

    assert statuses(batch) == ["started"] * 8
    assert Generation.objects.count() == 8
    assert len(set(BatchRow.objects.values_list("generation", flat=True))) == 8


def feed_and_close() -> None:
    try:
        batch_feeding.feed()
    finally:
        connections.close_all()


def test_who_comes_second_leaves_a_batch_to_the_first(member):
    started(member, 12)

    assert batch_feeding.feed() == batch_feeding.ROWS_OF_WORKSPACE_MAX
    Generation.objects.update(status="canceled", finished_at=timezone.now())
    assert batch_feeding.feed() == 0


def test_workspaces_take_turns(workshop, monkeypatch):
    monkeypatch.setattr(batch_feeding, "ROWS_OF_ALL_MAX", 5)
    first, second = (started(FundedMembershipFactory(), 6) for _time in range(2))
    feed(first)

    assert sorted(statuses(one).count("started") for one in (first, second)) == [2, 3]


LIMITS = {
    "half of what runs at a time": ({"concurrent_generations": 6}, 3),
    "one where the plan runs one": ({"concurrent_generations": 1}, 1),
    "half of what starts in a minute": ({"requests_per_minute": 8}, 4),
    "no limit but our own": ({}, batch_feeding.ROWS_OF_WORKSPACE_MAX),
}


@pytest.mark.parametrize(("limits", "rows"), LIMITS.values(), ids=LIMITS)
def test_a_batch_leaves_room_for_people(member, settings, limits, rows):
    plans.allow(settings, free=limits)
    batch = started(member, 12)

    assert feed(batch) == rows
    assert feed(batch) == 0


def test_one_place_stays_free_while_people_work(member, settings):
    plans.allow(settings, free={"concurrent_generations": 4})
    runs.start(member)
    runs.start(member)
    batch = started(member, 5)

    assert feed(batch) == 1
    runs.start(member)


def test_no_batch_adds_to_a_queue_that_is_long(member):
    waiting = GenerationFactory(membership=member)
    Generation.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(seconds=20))
    batch = started(member, 3)

    assert feed(batch) == 0
    services.cancel_generation(waiting)
    assert feed(batch) == 3


def test_a_limit_of_the_day_makes_it_wait_until_midnight(member, settings):
    plans.allow(settings, free={"generations_per_day": 2})
    batch = started(member, 3)
    feed(batch)

    batch = fresh(batch)
    assert (batch.status, batch.reason) == ("running", "plan_limit_day")
    assert batch.waits_until > timezone.now()
    assert statuses(batch) == ["started", "started", "waiting"]
    run_all(batch)
    assert feed(batch) == 0
    plans.allow(settings, free={"generations_per_day": 9})
    Batch.objects.update(waits_until=timezone.now())
    assert feed(batch) == 1
    assert fresh(batch).reason == ""


def test_when_credits_run_out_it_pauses_and_goes_on_after_buying(workshop):
    member = FundedMembershipFactory(credits=0)
    batch = upload(member, summaries(3))
    price = BatchRow.objects.first().credits_max
    grant(member.workspace, amount_credits=price * 2)
    batches.start(batch, user=member.user)

    assert feed(batch) == 2
    assert (fresh(batch).status, fresh(batch).reason) == ("paused", "insufficient_credits")
    grant(member.workspace, amount_credits=price)
    assert feed(batch) == 0
    batches.resume(batch, user=member.user)
    assert feed(batch) == 1


def withdraw_consent(member: Membership, settings) -> None:
    consent.withdraw(user=member.user)


def take_the_model_away(member: Membership, settings) -> None:
    settings.GENERATION_MODELS = ["keel-demo"]


def suspend(member: Membership, settings) -> None:
    type(member.workspace).objects.filter(pk=member.workspace_id).update(suspended_at=timezone.now())


def remove(member: Membership, settings) -> None:
    member.delete()


def lose_the_role(member: Membership, settings) -> None:
    Membership.objects.filter(pk=member.pk).update(role="billing")


def leave(member: Membership, settings) -> None:
    type(member.user).objects.filter(pk=member.user_id).update(deletion_due_at=timezone.now())


IN_THE_WAY = {
    "consent_required": withdraw_consent,
    "unknown_model": take_the_model_away,
    "workspace_suspended": suspend,
    "not_found": remove,
    "not_permitted": lose_the_role,
    "person_gone": leave,
}


@pytest.mark.parametrize(("reason", "happens"), IN_THE_WAY.items(), ids=IN_THE_WAY)
def test_what_would_stop_every_row_pauses_the_batch_and_says_why(workshop, settings, reason, happens):
    member = TeamMembershipFactory()
    grant(member.workspace, amount_credits=100_000)
    batch = started(member, 2)
    happens(member, settings)
    feed(batch)

    assert (fresh(batch).status, fresh(batch).reason) == ("paused", reason)
    assert statuses(batch) == ["waiting", "waiting"]


def test_somebody_else_of_the_team_resumes_it_in_their_own_name(workshop):
    owner = TeamMembershipFactory()
    grant(owner.workspace, amount_credits=100_000)
    member = TeamMembershipFactory(workspace=owner.workspace, role="member")
    batch = started(member, 1)
    member.delete()
    feed(batch)
    batches.resume(batch, user=owner.user)
    feed(batch)

    assert Generation.objects.get().user == owner.user
    assert fresh(batch).user == member.user


def test_one_row_that_is_refused_does_not_hold_up_the_others(member):
    batch = started(member, 3)
    # As after a deploy that has made the rules stricter.
    BatchRow.objects.filter(number=2).update(cells=["short", "Bullet points"])
    feed(batch)

    assert statuses(batch) == ["started", "refused", "started"]
    assert "at least 20 words" in BatchRow.objects.get(number=2).problem


def test_an_outage_leaves_the_rows_where_they_are(member, monkeypatch):
    def refuse(**_more):
        raise UnavailableError

    batch = started(member, 1)
    with monkeypatch.context() as patch:
        patch.setattr(services, "start_generation", refuse)
        feed(batch)
    assert (fresh(batch).status, statuses(batch)) == ("running", ["waiting"])
    Batch.objects.update(waits_until=None)
    assert feed(batch) == 1


def test_a_row_over_which_we_break_is_given_up_and_the_next_one_runs(member, monkeypatch):
    start, broken = services.start_generation, []

    def break_once(**more):
        if not broken:
            broken.append(more)
            raise ZeroDivisionError
        return start(**more)

    batch = started(member, 2)
    monkeypatch.setattr(services, "start_generation", break_once)
    feed(batch)

    assert statuses(batch) == ["refused", "started"]


def test_many_failures_one_after_the_other_pause_it_and_the_rest_is_kept(member, monkeypatch):
    monkeypatch.setattr(batch_feeding, "FAILURES_MAX", 3)
    monkeypatch.setattr(batch_feeding, "ROWS_OF_WORKSPACE_MAX", 3)
    batch = started(member, 5)
    feed(batch)
    end_all(batch)
    feed(batch)

    assert (fresh(batch).status, fresh(batch).reason) == ("paused", "failing")
    assert statuses(batch).count("waiting") == 2
    batches.resume(batch, user=member.user)
    assert feed(batch) == 2


def test_failed_rows_are_run_again_as_new_generations_under_new_keys(member):
    batch = started(member, 2)
    feed(batch)
    first, second = Generation.objects.order_by("pk")
    runs.run(first)
    end_all(batch)
    feed(batch)
    assert fresh(batch).status == "finished"

    assert batches.retry_failed(batch, user=member.user) == 1
    assert feed(batch) == 1
    assert Generation.objects.count() == 3
    assert BatchRow.objects.get(number=2).generation != second
    with pytest.raises(batches.NothingToRunError):
        batches.retry_failed(batch, user=member.user)


def test_pausing_lets_what_runs_end_and_starts_nothing(member, settings):
    plans.allow(settings, free={"concurrent_generations": 4})
    batch = started(member, 4)
    feed(batch)
    batches.pause(batch)
    run_all(batch)

    assert feed(batch) == 0
    assert statuses(batch).count("waiting") == 2
    assert batch_selectors.get_progress(batch).succeeded == 2


def test_canceling_stops_what_runs_and_lets_nothing_more_start(member, settings):
    plans.allow(settings, free={"concurrent_generations": 4})
    batch = started(member, 4)
    feed(batch)
    for _time in range(2):
        batches.cancel(batch)
    feed(batch)

    assert fresh(batch).status == "canceled"
    assert statuses(batch) == ["started", "started", "canceled", "canceled"]
    assert set(Generation.objects.values_list("status", flat=True)) == {"canceled"}
    with pytest.raises(batches.NothingToRunError):
        batches.retry_failed(batch, user=member.user)


@pytest.mark.parametrize("ending", [batches.cancel, lambda batch: (batches.cancel(batch), batches.delete(batch))])
def test_a_row_that_starts_while_its_batch_is_ended_is_stopped(member, monkeypatch, ending):
    start = services.start_generation

    def end_meanwhile(**more):
        generation = start(**more)
        ending(batch)
        return generation

    batch = started(member, 2)
    monkeypatch.setattr(services, "start_generation", end_meanwhile)
    feed(batch)

    assert [one.status for one in Generation.objects.all()] == ["canceled"]


def test_the_end_of_a_workspace_ends_its_batches_and_erases_them(member):
    batch = started(member, 2)
    feed(batch)
    workspace_end.stop_all(member.workspace_id)
    assert (fresh(batch).status, feed(batch)) == ("canceled", 0)

    workspace_end.erase(member.workspace_id)
    assert not Batch.objects.exists()
    assert not BatchRow.objects.exists()


def test_a_template_that_has_other_fields_now_pauses_it(member):
    batch = started(member, 1)
    content = batch.template_version.content | {"fields": []}
    other = type(batch.template_version).objects.create(
        slug="summary", number=99, fingerprint="f" * 64, content=content
    )
    Batch.objects.update(template_version=other)
    feed(batch)

    assert (fresh(batch).status, fresh(batch).reason) == ("paused", "template_changed")
