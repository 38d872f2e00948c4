"""How refusals by the plan read, on pages and to programs; models that a plan does not include; what is used."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from apps.billing.entitlements import assess
from apps.billing.models import Subscription
from apps.generation import quotas
from apps.generation.limits import PlanRequestsError
from apps.generation.models import Generation
from apps.generation.quotas import (
    ModelNotInPlanError,
    PlanBudgetError,
    PlanConcurrencyError,
    PlanDayError,
    PlanTokensError,
)
from tests.factories import FundedMembershipFactory
from tests.generation import plans, runs
from tests.queries import asked

QUARTER_TO = datetime(2031, 5, 14, 23, 45, tzinfo=UTC)
LIMITS = {
    "requests_per_minute": 10,
    "concurrent_generations": 1,
    "generations_per_day": 50,
    "tokens_per_month": 500_000,
    "daily_budget_usd_micros": 500_000,
}
TEXTS = {"text": runs.TEXT, "format": "Bullet points"}
SUBMISSION = {"template": "summary", "idempotency_key": "key", **TEXTS}


@pytest.fixture
def member(db, unlimited_plans, settings):
    settings.GENERATION_MODELS = ["keel-demo", "gpt-4o"]
    return FundedMembershipFactory()


@pytest.fixture
def client(member):
    client = Client()
    client.force_login(member.user)
    return client


@pytest.fixture
def mini_only(member, settings):
    plans.allow(settings, free={"models": ["keel-*", "gpt-4o-mini"]})


def ask_api(client, **content):
    body = {"template": "summary", "inputs": TEXTS, **content}
    return client.post(
        "/api/v1/generations/", body, content_type="application/json", headers={"Idempotency-Key": "key"}
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PlanRequestsError, "allows 10 new generations a minute. Wait a moment, then try again. With the Starter plan"),
        (PlanConcurrencyError, "allows 1 generation at a time. Wait until one of yours has ended. With the Starter"),
        (
            PlanDayError,
            "allows 50 generations a day. A new day begins at midnight UTC. With the Starter plan it is 500",
        ),
        (PlanTokensError, "allows 500,000 tokens a month."),
        (PlanBudgetError, "allows models worth $0.50 a day."),
    ],
)
def test_a_refusal_names_the_limit_its_value_and_what_helps(member, settings, error, words):
    plans.allow(settings, free=LIMITS)

    sentence = str(error(rights=assess(None, at=timezone.now())))

    assert sentence.startswith("The Free plan ")
    assert words in sentence


def test_the_largest_plan_leads_to_us(member, settings):
    plans.allow(settings, free=LIMITS, **dict.fromkeys(["starter", "pro", "enterprise"], LIMITS))

    assert str(PlanDayError(rights=assess(None, at=timezone.now()))).endswith("Write to us if you need more.")


def test_a_plan_without_the_limit_says_so(member, settings):
    plans.allow(settings, free=LIMITS, starter={})

    assert "The Starter plan has no such limit." in str(PlanDayError(rights=assess(None, at=timezone.now())))


def test_who_is_overdue_is_told_of_the_payment(member, settings):
    plans.allow(settings, free=LIMITS)
    overdue = Subscription(plan="pro", status="past_due", past_due_since=timezone.now() - timedelta(days=30))

    assert "A payment is overdue" in str(PlanDayError(rights=assess(overdue, at=timezone.now())))


def test_programs_get_the_code_and_the_time_until_midnight(client, member, settings):
    plans.allow(settings, free={"generations_per_day": 1})
    with time_machine.travel(QUARTER_TO, tick=False):
        runs.start(member, model="keel-demo")
        client.force_login(member.user)
        answer = ask_api(client)

    assert (answer.status_code, answer.json()["code"]) == (429, "plan_limit_day")
    assert answer["Retry-After"] == str(15 * 60)


@pytest.mark.parametrize(
    ("limit_name", "limit", "status", "code", "waits"),
    [
        ("requests_per_minute", 1, 429, "plan_limit_requests", True),
        ("concurrent_generations", 1, 429, "plan_limit_concurrent", True),
        ("tokens_per_month", 1_200, 402, "plan_limit_tokens", False),
        ("tokens_per_month", 100, 422, "plan_too_little", False),
    ],
)
def test_each_refusal_has_its_own_status_and_code(client, member, settings, limit_name, limit, status, code, waits):
    plans.allow(settings, free={limit_name: limit})
    if code != "plan_too_little":
        runs.start(member, model="keel-demo")

    answer = ask_api(client)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers.get("Retry-After", "0").isdigit()
    assert ("Retry-After" in answer) == waits


def test_without_htmx_the_page_brings_back_the_text_and_says_why(client, member, settings):
    plans.allow(settings, free={"generations_per_day": 1})
    runs.start(member, model="keel-demo")

    answer = client.post("/generations/", SUBMISSION | {"model": "keel-demo"})

    assert answer.status_code == 429
    assert "The Free plan allows 1 generation a day." in answer.content.decode()
    assert runs.TEXT.strip() in answer.content.decode()


def test_with_htmx_a_toast_says_why(client, member, settings):
    plans.allow(settings, free={"generations_per_day": 1})
    runs.start(member, model="keel-demo")

    answer = client.post("/generations/", SUBMISSION | {"model": "keel-demo"}, headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Retarget"]) == (429, "#toasts")
    assert "The Free plan allows 1 generation a day." in answer.content.decode()


# Models


def test_a_model_of_a_larger_plan_is_refused_and_named(client, mini_only):
    answer = ask_api(client, model="gpt-4o")

    assert (answer.status_code, answer.json()["code"]) == (403, "model_not_in_plan")
    assert answer.json()["detail"] == "GPT-4o is not part of the Free plan. Choose another model, or move to Starter."
    assert Generation.objects.count() == 0


def test_the_page_refuses_it_too(client, mini_only):
    assert client.post("/generations/", SUBMISSION | {"model": "gpt-4o"}).status_code == 403


def test_a_model_of_the_plan_starts(client, member, mini_only):
    plans.subscribe(member.workspace, plan="starter")

    assert ask_api(client, model="gpt-4o").status_code == 201


def test_a_model_of_no_plan_leads_nowhere(member, settings):
    only = {"models": ["keel-*"]}
    plans.allow(settings, free=only, **dict.fromkeys(["starter", "pro", "enterprise"], only))

    with pytest.raises(ModelNotInPlanError, match="not part of any plan"):
        runs.start(member, model="gpt-4o")


def test_the_composer_shows_locked_models_and_the_way_to_them(client, mini_only):
    text = client.get("/generations/new/").content.decode()

    assert '<option value="gpt-4o"' in text
    assert "GPT-4o (in Starter)" in text
    assert text.count(" disabled>") == 1
    assert 'In Starter: GPT-4o. <a class="link" href="/pricing/">' in text


def test_an_earlier_text_with_a_locked_model_opens_with_one_that_is_allowed(client, member, settings):
    generation = runs.start(member, model="gpt-4o")
    plans.allow(settings, free={"models": ["keel-*"]})

    text = client.get("/generations/new/", {"from": str(generation.pk)}).content.decode()

    assert " selected" not in text.split('name="model"')[1].split("</select>")[0]
    assert 'id="id_model_helptext">5 credits per 1,000 tokens' in text


def test_a_composer_without_locked_models_mentions_none(client):
    assert "Compare plans" not in client.get("/generations/new/").content.decode()


# What is used


def test_quotas_tell_what_is_used_of_each_limit(member, settings):
    plans.allow(settings, free=LIMITS)
    plans.use(member.workspace, tokens=249_000, cost_usd_micros=123_000)
    started = runs.start(member, model="keel-demo")

    rights, listed = quotas.list_quotas(member.workspace_id)

    shown = {quota.name: (quota.shown_used, quota.shown_limit, quota.percent) for quota in listed}
    assert rights.plan.slug == "free"
    assert shown == {
        "concurrent_generations": ("1", "1", 100),
        "generations_per_day": ("1", "50", 2),
        "tokens_per_month": (f"{249_000 + started.reserved_tokens:,}", "500,000", 49),
    }


def test_the_page_of_the_plan_shows_each_limit_and_no_cost_of_ours(client, member, settings):
    plans.allow(settings, free=LIMITS | {"tokens_per_month": None})
    plans.use(member.workspace, tokens=1_200, cost_usd_micros=123_000)

    text = client.get("/generations/quotas/").content.decode()

    assert "What the Free plan allows" in text
    assert re.findall(r"<dd>(.*?)</dd>", text) == ["0", "of 1", "0", "of 50", "1,200", "no limit"]
    assert "$" not in text.split('id="quotas"')[1]


def test_the_usage_page_loads_the_plan_as_a_fragment(client):
    assert 'hx-get="/generations/quotas/"' in client.get("/usage/").content.decode()

    fragment = client.get("/generations/quotas/", headers={"HX-Request": "true", "HX-Target": "quotas"}).content

    assert fragment.strip().startswith(b'<section id="quotas"')


def test_the_counter_of_yesterday_says_nothing_of_today(member):
    with time_machine.travel(QUARTER_TO, tick=False) as clock:
        runs.start(member, model="keel-demo")
        clock.shift(timedelta(hours=1))
        assert quotas.used(member.workspace_id).generations_per_day == 0


def test_a_start_asks_for_little_more_than_before(member, settings):
    plans.allow(settings, free=LIMITS | {"concurrent_generations": 2})
    runs.start(member, model="keel-demo")
    with asked() as queries:
        runs.start(member, model="keel-demo")

    assert sum("billing_subscription" in sql for sql in queries) == 1
    assert sum("generation_startcounter" in sql for sql in queries) == 1
    assert len(queries) <= 16, "\n".join(queries)
