"""What is kept of each provider call, and what a provider is told of a person."""

from apps.generation import calls
from apps.usage.rating import Confidence
from dev.model_server.misreporting import THOUGHT_TOKENS
from tests.factories import FundedMembershipFactory
from tests.generation import runs


def run(customer, model, **more):
    return runs.run(runs.start(customer, model=model, output_tokens_max=1200, **more)).attempts.get()


def test_reasoning_is_counted_as_output_and_paid_for(customer):
    thought, plain = run(customer, "keel-reasoning"), run(customer, "keel-demo-fast")

    assert (thought.reasoning_tokens, plain.reasoning_tokens) == (THOUGHT_TOKENS, 0)
    assert thought.output_tokens == plain.output_tokens + THOUGHT_TOKENS
    assert thought.generation.charged_credits > 0


def test_what_was_cached_is_kept_and_cheaper(customer):
    cached = run(customer, "keel-usage-cached")

    assert cached.cached_input_tokens == cached.input_tokens * 3 // 4 > 0
    record = runs.usage_of(cached.generation)[0]
    assert record.microcredits < cached.input_tokens * 1000 + cached.output_tokens * 5000


def test_an_attempt_knows_the_response_that_it_got(customer):
    attempt = run(customer, "keel-echo")

    (call,) = runs.calls()
    assert (attempt.http_status, attempt.provider_request_id) == (200, call["id"])
    assert (attempt.confidence, attempt.response_model) == (Confidence.EXACT, "keel-echo")
    assert 0 <= attempt.first_token_ms <= attempt.duration_ms


def test_a_refusal_is_kept_with_its_status_and_id(customer):
    attempt = run(customer, "keel-401")

    assert (attempt.http_status, attempt.provider_request_id) == (401, runs.calls()[-1]["id"])
    assert attempt.confidence == Confidence.UNKNOWN


def test_the_provider_is_asked_to_store_nothing_and_knows_a_person_by_a_code(customer):
    other = FundedMembershipFactory()
    for member in (customer, customer, other):
        run(member, "keel-echo")

    asked = [call["parameters"] for call in runs.calls()]

    codes = [parameters["safety_identifier"] for parameters in asked]
    assert [parameters["store"] for parameters in asked] == [False] * 3
    assert [parameters["max_tokens"] for parameters in asked] == [1200] * 3
    assert codes[0] == codes[1] == calls.safety_identifier(customer.user_id) != codes[2]
    assert all(len(code) == 64 for code in codes)


def test_nothing_that_names_a_person_is_sent(customer):
    run(customer, "keel-echo")

    (call,) = runs.calls()
    sent = str([call["messages"], call["parameters"], call["user"], call["headers"]])
    for known in (customer.user.email, str(customer.workspace_id), customer.workspace.name):
        assert known not in sent
