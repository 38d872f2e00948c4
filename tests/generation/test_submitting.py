"""Submitting: one key is one generation, and no two submits spend the same credits."""

from collections import Counter
from functools import partial

import pytest
from django.conf import settings

from apps.billing.ledger import InsufficientCreditsError
from apps.billing.models import CreditAccount, Hold
from apps.generation import catalogue, prompts, services
from apps.generation.models import Conversation, Generation, PromptTemplateVersion
from apps.usage.rates import UnratedModelError
from tests.billing import parallel
from tests.factories import FundedMembershipFactory, MembershipFactory
from tests.generation import runs, spending

PROCESSES, SUBMITS_EACH = 2, 100


@pytest.fixture
def many_threads(monkeypatch):
    monkeypatch.setattr(parallel, "THREADS", 50)


def held(member) -> int:
    return CreditAccount.objects.get(pk=member.workspace_id).held


def test_fifty_sends_of_one_key_at_once_are_one_generation(customer, many_threads):
    answers = parallel.in_threads([partial(runs.start, customer, key="one key")] * 50)

    assert {answer.pk for answer in answers} == {Generation.objects.get().pk}
    assert Conversation.objects.count() == 1
    assert Hold.objects.get().amount == held(customer) > 0


def test_the_same_key_with_other_text_changes_nothing(customer):
    first = runs.start(customer, key="one key")
    before = held(customer)

    with pytest.raises(services.SubmissionConflictError):
        runs.start(customer, key="one key", text=runs.TEXT.replace("moon", "Mars"))
    with pytest.raises(services.SubmissionConflictError):
        runs.start(customer, key="one key", model="keel-demo")

    assert (Generation.objects.get().pk, Hold.objects.count(), held(customer)) == (first.pk, 1, before)


def test_a_repeated_send_is_answered_even_when_no_credits_are_left(workshop):
    probe = runs.start(FundedMembershipFactory())
    member = FundedMembershipFactory(credits=probe.hold.amount)

    first = runs.start(member, key="one key")

    assert runs.start(member, key="one key").pk == first.pk


def test_two_workspaces_may_use_the_same_key(customer):
    other = FundedMembershipFactory()

    assert runs.start(customer, key="one key").pk != runs.start(other, key="one key").pk


def test_a_balance_for_one_is_spent_once_by_two_hundred_submits_in_two_processes(workshop, monkeypatch):
    monkeypatch.setenv("GENERATION_LIMITS", "user=100000;workspace=100000;address=100000")
    monkeypatch.setenv("OPENAI_EXTRA_MODELS", "keel-echo")
    price = runs.start(FundedMembershipFactory()).hold.amount
    member = FundedMembershipFactory(credits=price)

    with parallel.process_pool(PROCESSES) as pool:
        jobs = [pool.submit(spending.submit_many, member.pk, SUBMITS_EACH) for _ in range(PROCESSES)]
        answers = Counter(answer for job in jobs for answer in job.result())

    assert answers == {"Generation": 1, "InsufficientCreditsError": PROCESSES * SUBMITS_EACH - 1}
    accepted = runs.run(Generation.objects.get(workspace=member.workspace))
    assert accepted.status == "succeeded"
    assert len(runs.calls()) == 1


def test_nothing_is_left_of_a_submit_that_cannot_be_paid(workshop):
    poor = FundedMembershipFactory(credits=1)

    with pytest.raises(InsufficientCreditsError):
        runs.start(poor)

    assert (Generation.objects.count(), Conversation.objects.count(), Hold.objects.count()) == (0, 0, 0)


def test_a_workspace_without_a_credit_account_cannot_start(workshop):
    with pytest.raises(InsufficientCreditsError):
        runs.start(MembershipFactory())


def test_a_model_that_is_not_offered_is_refused(customer, settings):
    settings.GENERATION_MODELS = ["keel-demo"]

    with pytest.raises(catalogue.UnknownModelError):
        runs.start(customer, model="keel-echo")


def test_a_model_without_a_rate_is_refused(customer, settings):
    settings.GENERATION_MODELS = ["nobody-knows-its-price"]

    with pytest.raises(UnratedModelError):
        runs.start(customer, model="nobody-knows-its-price")

    assert Generation.objects.count() == 0


def test_first_submits_at_once_publish_each_template_once(customer, many_threads):
    answers = parallel.in_threads([partial(runs.start, customer)] * 30)

    assert Counter(type(answer).__name__ for answer in answers) == {"Generation": 30}
    assert PromptTemplateVersion.objects.count() == len(prompts.list_files())


def test_a_hold_outlives_the_deadlines_of_its_generation(customer):
    generation = runs.fresh(runs.start(customer))

    lasts = (generation.hold.expires_at - generation.created_at).total_seconds()
    deadlines = settings.GENERATION_DEADLINES
    assert lasts >= deadlines["queue"] + deadlines["total"] + 60
