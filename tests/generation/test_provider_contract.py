"""One contract, two protocols: whatever is asked for in ours, each provider's module must bring back in ours."""

import time

import pytest

from apps.generation.gateway import errors
from apps.generation.outcomes import judge_completion
from dev.model_server import answering, misreporting
from dev.services.ports import free_port
from tests.generation import provider_calls, runs
from tests.generation.provider_calls import ANTHROPIC, OPENAI, PROTOCOLS, ask, call, endpoint

pytestmark = pytest.mark.parametrize("protocol", PROTOCOLS)
TEXT = "".join(answering.demo_pieces("What are tides?"))

# How a call of a model ends: the error that is raised, and whether text came before it.
FAILURES = {
    "keel-400-context": (errors.ContextLengthExceededError, False),
    "keel-401": (errors.ProviderAuthenticationError, False),
    "keel-404": (errors.ModelNotFoundError, False),
    "keel-429": (errors.ProviderRateLimitedError, False),
    "keel-quota": (errors.ProviderQuotaExhaustedError, False),
    "keel-500": (errors.ProviderUnavailableError, False),
    "keel-503": (errors.ProviderUnavailableError, False),
    "keel-redirect": (errors.ProviderRequestRefusedError, False),
    "keel-cut": (errors.StreamInterruptedError, True),
    "keel-eof": (errors.StreamInterruptedError, True),
    "keel-comments": (errors.StreamInterruptedError, False),
    "keel-malformed": (errors.MalformedStreamError, True),
    "keel-bad-utf8": (errors.MalformedStreamError, True),
    "keel-html": (errors.MalformedStreamError, False),
    "keel-json-200": (errors.MalformedStreamError, False),
    "keel-error-midstream": (errors.ProviderUnavailableError, True),
}
# What the whole call is judged to be, though its stream ended in order.
JUDGED = {
    "keel-content-filter": (errors.ContentFilteredError, errors.ModelRefusedError),
    "keel-refusal": (errors.ModelRefusedError, errors.ModelRefusedError),
    "keel-empty": (errors.EmptyAnswerError, errors.EmptyAnswerError),
}


def test_a_good_answer_is_a_head_its_deltas_and_one_completion(protocol):
    heard = call(endpoint(protocol), ask("keel-demo-fast"))

    assert heard.text == TEXT
    assert (heard.order[0], set(heard.order[1:-1]), heard.order[-1]) == ("Head", {"Delta"}, "Completion")
    assert (heard.completion.finish_reason, heard.completion.response_model) == ("stop", "keel-demo-fast")
    assert heard.head.http_status == 200
    assert heard.head.request_id == runs.calls()[-1]["id"]


@pytest.mark.parametrize(("model", "is_cached"), [("keel-demo-fast", False), ("keel-usage-cached", True)])
def test_usage_counts_the_whole_prompt_and_what_was_cached_of_it(model, is_cached, protocol):
    usage = call(endpoint(protocol), ask(model)).completion.usage

    given = -(-len("Be brief.What are tides?") // 4)
    assert (usage.input_tokens, usage.cached_input_tokens) == (given, given * 3 // 4 if is_cached else 0)
    assert usage.output_tokens == -(-len(TEXT.encode()) // 4)


@pytest.mark.parametrize("model", ["keel-no-usage", "keel-usage-negative"])
def test_usage_that_is_missing_or_negative_does_not_become_a_count(model, protocol):
    usage = call(endpoint(protocol), ask(model)).completion.usage

    assert usage is None or usage.input_tokens < 0


def test_the_output_cap_is_sent_and_reaching_it_is_said(protocol):
    heard = call(endpoint(protocol), ask("keel-demo-fast", most=10))

    assert heard.completion.finish_reason == "length"
    assert TEXT.startswith(heard.text)
    assert len(heard.text.encode()) <= 40
    assert runs.calls()[-1]["parameters"]["max_tokens"] == 10


@pytest.mark.parametrize("model", FAILURES)
def test_a_failure_is_the_same_error_whatever_the_protocol(model, protocol):
    error, has_text = FAILURES[model]

    heard = call(endpoint(protocol), ask(model))

    assert (type(heard.error), bool(heard.text)) == (error, has_text)
    assert heard.completion is None
    known = heard.head or heard.error
    assert (known.http_status if heard.head else known.response_status) in range(200, 600)
    assert known.request_id == runs.calls()[-1]["id"]


@pytest.mark.parametrize("model", JUDGED)
def test_filters_refusals_and_silence_are_what_they_are(model, protocol):
    heard = call(endpoint(protocol), ask(model))

    judged = judge_completion(heard.completion, text=heard.text, refused=heard.refused)
    # Anthropic knows no content filter: who stops there, declines.
    assert type(judged) is JUDGED[model][PROTOCOLS.index(protocol)]


@pytest.mark.parametrize(("model", "seconds"), [("keel-429", 1.0), ("keel-429-absurd", 99999.0), ("keel-500", None)])
def test_retry_after_is_handed_on(model, seconds, protocol):
    assert call(endpoint(protocol), ask(model)).error.retry_after_seconds == seconds


@pytest.mark.parametrize("model", ["keel-stall", "keel-slow-headers", "keel-trickle"])
def test_the_guard_ends_a_call_while_it_waits(model, protocol):
    started = time.monotonic()

    def guard():
        if time.monotonic() - started > 0.4:
            raise errors.CanceledError

    heard = call(endpoint(protocol), ask(model), guard=guard)

    assert isinstance(heard.error, errors.CanceledError)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("model", ["keel-nul", "keel-hostile", "keel-empty-choices"])
def test_odd_text_and_odd_events_pass_as_text(model, protocol):
    heard = call(endpoint(protocol), ask(model))

    expected = {"keel-nul": misreporting.ODD_TEXT, "keel-hostile": misreporting.HOSTILE_MARKDOWN}.get(model, TEXT)
    assert heard.text == expected.replace("\x00", "").replace("\ud800", "")


@pytest.mark.parametrize("host", [f"127.0.0.1:{free_port()}", "no-such-host.invalid"], ids=["no-server", "no-host"])
def test_a_provider_that_cannot_be_reached_is_unavailable(host, protocol):
    heard = call(endpoint(protocol, base_url=f"http://{host}/v1"), ask("keel-echo"))

    assert isinstance(heard.error, errors.ProviderUnavailableError)


def test_a_wrong_key_is_an_authentication_error(protocol):
    assert isinstance(
        call(endpoint(protocol, key="wrong-key"), ask("keel-echo")).error, errors.ProviderAuthenticationError
    )


def test_user_text_stays_in_the_user_role_and_neighbors_of_one_role_are_taken(protocol):
    turns = (*provider_calls.MESSAGES, {"role": "user", "content": "And springs?"})

    heard = call(endpoint(protocol), ask("keel-echo", messages=turns))

    sent = runs.calls()[-1]
    assert heard.text.endswith("And springs?")
    assert [message["role"] for message in sent["messages"]] == {
        OPENAI: ["system", "user", "user"],
        ANTHROPIC: ["user"],
    }[protocol]
    assert sent["parameters"].get("system", "Be brief.") == "Be brief."


def test_the_provider_is_told_of_a_person_by_a_code_alone_unless_it_refuses_that(protocol):
    call(endpoint(protocol), ask("keel-echo", safety_identifier="a-code"))
    told = runs.calls()[-1]["parameters"]
    call(endpoint(protocol, omit=frozenset({"store", "safety_identifier", "stream_options"})), ask("keel-echo"))
    omitted = runs.calls()[-1]["parameters"]

    if protocol == OPENAI:
        assert (told["store"], told["safety_identifier"]) == (False, "a-code")
    else:
        assert told["metadata"] == {"user_id": "a-code"}
    assert not omitted.keys() & {"store", "safety_identifier", "stream_options", "metadata"}
