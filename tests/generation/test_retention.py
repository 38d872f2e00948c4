"""A workspace's texts go when it says so, and no earlier: once, also at once, and never the money."""

import hashlib
import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from apps.core.db import workspace_scope
from apps.core.models import AuditEntry
from apps.generation import retention, tasks
from apps.generation.models import Batch, Generation, RetentionPolicy
from tests.factories import FundedMembershipFactory
from tests.generation import runs
from tests.generation.batch_files import summaries, upload

DAY = timedelta(days=1)


def decide(member, action, days=30):
    with workspace_scope(member.workspace_id):
        retention.save_policy(
            workspace_id=member.workspace_id, actor=f"user:{member.user_id}", wanted=action, days=days
        )


def age(generation, days):
    Generation.objects.filter(pk=generation.pk).update(created_at=timezone.now() - days * DAY)


@pytest.fixture
def old(customer):
    """A generation of forty days ago."""
    generation = runs.run(runs.start(customer))
    age(generation, 40)
    return generation


def test_texts_are_kept_unless_somebody_says_otherwise(customer, old):
    assert retention.apply_all(now=timezone.now()) == 0
    decide(customer, "keep", 1)

    assert retention.apply_all(now=timezone.now()) == 0
    assert runs.fresh(old).output


def test_texts_are_emptied_and_what_they_cost_stays(customer, old):
    young = runs.run(runs.start(customer))
    decide(customer, "delete")

    assert retention.apply_all(now=timezone.now()) == 1

    erased = runs.fresh(old)
    assert (erased.inputs, erased.output, erased.conversation.title) == ({}, "", "")
    assert erased.texts_erased_at is not None
    assert erased.charged_credits == old.charged_credits > 0
    assert len(runs.usage_of(erased)) == 1
    assert runs.fresh(young).output
    runs.assert_settled_once(erased)


def test_a_fingerprint_tells_whether_a_text_was_this_one(customer, old):
    decide(customer, "hash")

    tasks.apply_retention()

    left = runs.fresh(old)
    assert left.output == "sha256:" + hashlib.sha256(old.output.encode()).hexdigest()
    assert left.inputs == {name: retention.fingerprint(text) for name, text in old.inputs.items()}


def test_twice_does_it_once_and_with_a_shorter_time_more_of_it(customer, old):
    newer = runs.run(runs.start(customer))
    age(newer, 20)
    decide(customer, "hash")

    assert [retention.apply_all(now=timezone.now()) for _ in range(2)] == [1, 0]
    first = runs.fresh(old)
    decide(customer, "delete", 10)

    assert retention.apply_all(now=timezone.now()) == 1
    assert runs.fresh(newer).output == ""
    assert runs.fresh(old).output == first.output.strip()


def test_at_once_each_text_goes_once_and_its_fingerprint_is_of_the_text(customer):
    generations = [runs.run(runs.start(customer)) for _ in range(6)]
    for generation in generations:
        age(generation, 40)
    decide(customer, "hash")
    counts: list[int] = []

    threads = [threading.Thread(target=_apply_in_batches, args=[customer, counts]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    counts.append(retention.apply_all(now=timezone.now()))

    assert sum(counts) == 6
    assert {runs.fresh(one).output for one in generations} == {retention.fingerprint(one.output) for one in generations}


def _apply_in_batches(member, counts):
    try:
        for _ in range(4):
            counts.append(retention.apply_batch(member.workspace_id, now=timezone.now(), limit=2))
    finally:
        connections.close_all()


def test_other_workspaces_and_what_still_runs_are_left_alone(customer, old):
    other = FundedMembershipFactory()
    theirs, queued = runs.run(runs.start(other)), runs.start(customer)
    age(theirs, 400)
    age(queued, 400)
    decide(customer, "delete", 1)

    assert retention.apply_all(now=timezone.now()) == 1
    assert runs.fresh(theirs).output
    assert runs.fresh(queued).inputs


def test_what_was_deleted_goes_too_and_comes_back_empty(customer, old, client):
    Generation.objects.filter(pk=old.pk).update(deleted_at=timezone.now())
    decide(customer, "delete")
    retention.apply_all(now=timezone.now())
    client.force_login(customer.user)

    client.post(f"/generations/{old.pk}/restoration/")
    page = client.get(f"/generations/{old.pk}/").content.decode()

    assert "texts of this run were erased" in page
    assert "sha256" not in page
    assert b"The tides" not in client.get(f"/generations/new/?from={old.pk}").content


def test_uploads_that_nobody_waits_for_go_too(customer, old):
    over, under_way, young = (upload(customer, summaries(2)) for _ in range(3))
    Batch.objects.filter(pk__in=[over.pk, under_way.pk]).update(created_at=timezone.now() - 31 * DAY)
    Batch.objects.filter(pk=under_way.pk).update(status="paused", started_at=timezone.now(), resumed_at=timezone.now())
    decide(customer, "delete")

    retention.apply_all(now=timezone.now())

    assert [any(row.cells for row in batch.rows.all()) for batch in (over, under_way, young)] == [False, True, True]


def test_an_owner_sets_it_once_it_is_confirmed_and_it_is_written_down(customer, client):
    client.force_login(customer.user)

    unconfirmed = client.post("/settings/retention/", {"action": "delete", "days": 30})
    absurd = client.post("/settings/retention/", {"action": "delete", "days": 0, "is_confirmed": "on"})
    saved = [client.post("/settings/retention/", {"action": "delete", "days": 30, "is_confirmed": "on"}) for _ in "12"]

    assert (unconfirmed.status_code, absurd.status_code) == (422, 422)
    assert [answer.status_code for answer in saved] == [302, 302]
    policy = RetentionPolicy.objects.get(pk=customer.workspace_id)
    assert (policy.action, policy.days) == ("delete", 30)
    entry = AuditEntry.objects.get(action="retention_changed")
    assert (entry.details, entry.workspace_id) == ({"to": ["keep", "delete"], "days": [90, 30]}, customer.workspace_id)
