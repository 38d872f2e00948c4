"""Another model answers in the place of one that cannot: before the first token, unseen, and paid as what it is."""

import time
from collections import Counter
from dataclasses import replace

import pytest

from apps.generation import calls, catalogue
from apps.generation.gateway import breaker, retry
from apps.generation.models import Generation
from tests.generation import chains, plans, provider_calls, runs
from tests.generation.chains import FIRST, SECOND

ASKED, STAND_IN = "keel-asked", "keel-stand-in"
DEAR = "gpt-4o"


@pytest.fixture
def offer(customer, settings, tmp_path):
    def offer(asked="keel-demo-fast", *, stand_in="keel-demo-fast", name=STAND_IN, **more):
        models = [chains.model(ASKED, runs=asked, fallbacks=[name]), chains.model(name, provider=SECOND, runs=stand_in)]
        chains.offer(settings, tmp_path, *models, **more)

    return offer


def run(customer, *, model=ASKED) -> Generation:
    return runs.run(runs.start(customer, model=model, output_tokens_max=1200))


def attempts_of(generation) -> list[tuple[str, str, str]]:
    return list(generation.attempts.order_by("number").values_list("provider", "request_model", "error_code"))


def calls_by_provider() -> Counter:
    return Counter(call["provider"] for call in runs.calls())


def test_the_reader_sees_an_answer_and_nothing_of_what_failed_before_it(offer, customer, client):
    offer()
    provider_calls.set_failure(FIRST, 503)

    generation = run(customer)

    failed = (FIRST, ASKED, "provider_unavailable")
    assert attempts_of(generation) == [failed, failed, failed, (SECOND, STAND_IN, "")]
    assert (generation.status, generation.error_code) == ("succeeded", "")
    assert generation.output == runs.calls()[-1]["text_sent"]
    runs.assert_settled_once(generation)
    client.force_login(customer.user)
    page = client.get(f"/generations/{generation.pk}/").text
    assert 'data-announce="Done."' in page
    assert "cannot be reached" not in page


@pytest.mark.parametrize(
    ("status", "code"), [(401, "provider_authentication_failed"), (402, "provider_quota_exhausted")]
)
def test_what_staff_must_mend_sends_on_to_the_next_model_at_once(status, code, offer, customer):
    offer()
    provider_calls.set_failure(FIRST, status)

    assert attempts_of(run(customer)) == [(FIRST, ASKED, code), (SECOND, STAND_IN, "")]


def test_a_pause_that_nobody_waits_for_is_the_next_models_turn(offer, customer):
    offer("keel-429-absurd")

    assert attempts_of(run(customer)) == [(FIRST, ASKED, "provider_rate_limited"), (SECOND, STAND_IN, "")]


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("keel-cut", "stream_interrupted"),
        ("keel-error-midstream", "provider_unavailable"),
        ("keel-malformed", "malformed_stream"),
        ("keel-stall", "idle_timeout"),
    ],
)
def test_after_the_first_token_the_text_is_kept_and_nobody_stands_in(model, code, offer, customer):
    offer(model)

    generation = run(customer)

    assert attempts_of(generation) == [(FIRST, ASKED, code)]
    assert (generation.status, generation.error_code, generation.charged_credits) == ("failed", code, 0)
    assert generation.output
    assert runs.calls()[-1]["text_sent"].startswith(generation.output)


@pytest.mark.parametrize("model", ["keel-400-context", "keel-refusal", "keel-content-filter", "keel-empty"])
def test_what_the_text_caused_is_no_reason_to_ask_another(model, offer, customer):
    offer(model)

    assert len(attempts_of(run(customer))) == 1


def test_when_nobody_answers_the_last_reason_is_told_and_attempts_are_bounded(customer, settings, tmp_path):
    names = [f"keel-{number}" for number in range(4)]
    failing = [chains.model(name, runs="keel-429-no-retry-after") for name in names[:3]]
    models = [*failing, chains.model(names[3], runs="keel-500")]
    models[0]["fallbacks"] = names[1:]
    chains.offer(settings, tmp_path, *models)

    generation = run(customer, model=names[0])

    assert (generation.status, generation.error_code) == ("failed", "provider_rate_limited")
    assert len(attempts_of(generation)) == retry.ATTEMPTS_OF_CHAIN_MAX
    runs.assert_settled_once(generation)


def test_the_hold_covers_the_dearest_and_the_charge_is_that_of_who_answered(offer, customer):
    offer(name=DEAR)
    alone = runs.start(customer, model="keel-demo-fast", output_tokens_max=1200).hold.amount
    provider_calls.set_failure(FIRST, 401)

    generation = run(customer)

    assert generation.fallback_models == [DEAR]
    assert generation.hold.amount > 5 * alone
    _asked, answered = runs.usage_of(generation)
    assert (answered.rate_model, answered.request_model) == (DEAR, DEAR)
    assert answered.charged_credits == generation.charged_credits == -(-answered.microcredits // 1_000_000)
    assert generation.attempts.last().cost_usd_micros == answered.cost_usd_micros > 0


def test_only_what_the_plan_includes_and_what_has_a_rate_stands_in(offer, customer, settings):
    offer(name=DEAR)
    plans.allow(settings, free={"models": ["keel-*"]})
    assert runs.start(customer, model=ASKED).fallback_models == []

    plans.allow(settings)
    offer(name="nobody-knows-its-price")
    assert runs.start(customer, model=ASKED).fallback_models == []


def test_the_chain_is_the_one_that_was_held_for_even_if_the_catalogue_changes(offer, customer):
    offer(name=DEAR)
    waiting = runs.start(customer, model=ASKED, output_tokens_max=1200)
    offer()
    provider_calls.set_failure(FIRST, 401)

    # The new catalogue knows the old name no more: it is asked for where unlisted models are.
    assert [name for _provider, name, _code in attempts_of(runs.run(waiting))] == [ASKED, DEAR]


def test_a_dead_provider_is_asked_a_few_times_and_a_hundred_runs_succeed_on_the_next(offer, customer):
    offer(stand_in="keel-echo")
    provider_calls.set_failure(FIRST, 503)
    started = time.monotonic()

    ended = Counter(run(customer).status for _ in range(100))

    asked = calls_by_provider()
    probes_most = 1 + (time.monotonic() - started) * 1000 // breaker.PROBE_INTERVAL_MS
    assert ended == {"succeeded": 100}
    assert asked[SECOND] == 100
    assert breaker.FAILURES_MAX <= asked[FIRST] <= breaker.FAILURES_MAX + probes_most, asked


def test_once_it_is_well_a_probe_closes_the_breaker(offer, customer, monkeypatch):
    monkeypatch.setattr(breaker, "PROBE_INTERVAL_MS", 0)
    offer()
    provider_calls.set_failure(FIRST, 503)
    for _ in range(3):
        run(customer)
    assert breaker.opened_at(FIRST)
    provider_calls.heal(FIRST)

    assert attempts_of(run(customer)) == [(FIRST, ASKED, "")]
    assert breaker.opened_at(FIRST) is None


def test_a_provider_without_a_stand_in_is_asked_once_even_while_its_breaker_is_open(customer, settings, tmp_path):
    chains.offer(settings, tmp_path, chains.model(ASKED))
    provider_calls.set_failure(FIRST, 503)
    for _ in range(2):
        run(customer)
    runs.empty_journal()

    assert run(customer).status == "succeeded"
    assert calls_by_provider() == {FIRST: 1}


def test_who_cannot_do_what_is_needed_does_not_stand_in(offer):
    offer()
    request = provider_calls.ask(ASKED, fallbacks=(STAND_IN,))

    assert [each.model.name for each in calls._chain(request)] == [ASKED, STAND_IN]
    assert [each.model.name for each in calls._chain(replace(request, needs=frozenset({"tools"})))] == [ASKED]


def test_a_provider_that_is_not_configured_is_left_out(offer, customer, settings):
    offer()
    settings.PROVIDER_VARIABLES = settings.PROVIDER_VARIABLES | {"SECOND_API_KEY": ""}

    assert STAND_IN not in catalogue.offered()
    assert runs.start(customer, model=ASKED).fallback_models == []
