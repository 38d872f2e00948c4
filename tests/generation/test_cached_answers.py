"""Answers that are given again: at once, for a part of their price, and never to another workspace by accident."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.billing.models import Hold
from apps.generation import cached_answers, library, prompts, purging, tasks
from apps.generation.models import Attempt, CachedAnswer, Generation
from tests.factories import FundedMembershipFactory
from tests.generation import runs

TERM = {"term": "Idempotent", "reader": "A newcomer"}
WORKSPACE = {"scope": "workspace", "days": 30, "percent": 25}


def template(cache=WORKSPACE):
    """The explained word, with this cache."""
    file = prompts.get_template("word-explained")
    changed = prompts._template("word-explained", json.loads(file.content) | {"cache": cache})
    prompts._publish(changed)
    return prompts.get_template("word-explained")


def ask(member, *, cache=WORKSPACE, model="keel-demo-fast", **inputs) -> Generation:
    """Start a run, and run it if it has not ended at once."""
    started = runs.start(member, model=model, template=template(cache), inputs=TERM | inputs)
    return runs.fresh(started) if started.is_terminal else runs.run(started)


def test_the_same_again_is_answered_at_once_for_a_part_of_the_price(customer):
    first, again = ask(customer), ask(customer)

    assert len(runs.calls()) == 1
    assert (again.status, again.output, again.is_cached) == ("succeeded", first.output, True)
    assert again.charged_credits == again.hold.amount == -(-first.charged_credits * 25 // 100)
    (record,) = runs.usage_of(again)
    assert (record.provider, record.cost_usd_micros, record.output_tokens) == ("cache", 0, 0)
    assert Attempt.objects.get(generation=again).provider == "cache"
    runs.assert_settled_once(again)


@pytest.mark.parametrize(
    "other",
    [
        {"model": "keel-demo"},
        {"term": "Other"},
        {"reader": "A child"},
        {"cache": WORKSPACE | {"percent": 50}},
    ],
    ids=str,
)
def test_another_question_is_asked(customer, other):
    ask(customer)

    assert ask(customer, **other).is_cached is False


@pytest.mark.parametrize(("scope", "is_cached"), [("workspace", False), ("public", True)])
def test_others_get_an_answer_only_where_the_template_says_public(customer, scope, is_cached):
    stranger, cache = FundedMembershipFactory(), WORKSPACE | {"scope": scope}

    ask(customer, cache=cache)

    assert ask(stranger, cache=cache).is_cached is is_cached
    assert ask(stranger, cache=cache).is_cached is True


def test_what_was_public_is_not_once_the_template_says_otherwise(customer):
    ask(customer, cache=WORKSPACE | {"scope": "public"})

    assert ask(FundedMembershipFactory()).is_cached is False


def deleted(generation):
    library.delete(workspace_id=generation.workspace_id, generation_ids=[generation.pk])


def erased(generation):
    purging.empty_all(Generation.objects.filter(pk=generation.pk))


def expired(_generation):
    CachedAnswer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("gone", [deleted, erased, expired])
def test_an_answer_that_is_gone_is_not_given_again(customer, gone):
    gone(ask(customer, cache=WORKSPACE | {"scope": "public"}))

    assert ask(FundedMembershipFactory(), cache=WORKSPACE | {"scope": "public"}).is_cached is False


@pytest.mark.parametrize("model", ["keel-cut", "keel-empty", "keel-long"])
def test_an_answer_that_is_not_whole_is_not_kept(customer, model):
    ask(customer, model=model)

    assert CachedAnswer.objects.count() == 0


def test_an_answer_out_of_the_cache_is_not_kept_once_more_and_expires_with_the_first(customer):
    ask(customer)
    ask(customer)
    tasks.purge_deleted()

    assert CachedAnswer.objects.count() == 1
    cached_answers.delete_expired(now=timezone.now() + timedelta(days=31))
    assert CachedAnswer.objects.count() == 0


def test_two_at_once_both_ask_and_pay_for_what_they_got(customer):
    first, second = (runs.start(customer, model="keel-demo-fast", template=template(), inputs=TERM) for _ in range(2))

    both = [runs.run(first), runs.run(second)]

    assert [each.is_cached for each in both] == [False, False]
    assert Hold.objects.filter(status="open").count() == 0
    assert ask(customer).is_cached is True
