"""Whatever a provider does, a run ends once, with the right text, the right money and a sentence for a person."""

import html
from typing import NamedTuple

import pytest

from apps.core.text import storable
from apps.generation.gateway import errors, openai_provider
from apps.generation.gateway.types import ReportedUsage
from apps.generation.outcomes import count_tokens
from apps.usage.rating import Confidence
from dev.model_server.models import MODELS
from dev.services.ports import free_port
from tests.generation import runs

ALL, SOME, NONE = "all that was sent", "a part of what was sent", "nothing"
REFUSAL = "I'm sorry, but I can't help with that."


class Row(NamedTuple):
    """How a run of a model ends."""

    error_code: str = ""
    text: str = ALL
    attempts: int = 1
    confidence: Confidence = Confidence.EXACT
    finish_reason: str = "stop"
    output_tokens_max: int = 1200


def failed(error_code: str, *, text: str = NONE, attempts: int = 1, confidence: Confidence | None = None) -> Row:
    estimated = Confidence.UNKNOWN if text == NONE else Confidence.ESTIMATED
    return Row(error_code, text, attempts, confidence or estimated, "error")


ROWS = {
    "keel-demo": Row(finish_reason="length", output_tokens_max=60),
    "keel-demo-fast": Row(),
    "keel-echo": Row(),
    "keel-long": Row(finish_reason="length"),
    "keel-slow-first-token": failed("first_token_timeout", attempts=3),
    "keel-slow-headers": failed("first_token_timeout", attempts=3),
    "keel-stall": failed("idle_timeout", text=SOME),
    "keel-trickle": failed("total_timeout", text=SOME),
    "keel-endless": failed("output_cap_exceeded", text=SOME),
    "keel-400-context": failed("context_length_exceeded"),
    "keel-401": failed("provider_authentication_failed"),
    "keel-404": failed("model_not_found"),
    "keel-429": failed("provider_rate_limited", attempts=3),
    "keel-429-no-retry-after": failed("provider_rate_limited", attempts=3),
    "keel-429-absurd": failed("provider_rate_limited"),
    "keel-429-once": Row(attempts=2),
    "keel-quota": failed("provider_quota_exhausted"),
    "keel-500": failed("provider_unavailable", attempts=3),
    "keel-500-once": Row(attempts=2),
    "keel-503": failed("provider_unavailable", attempts=3),
    "keel-redirect": failed("provider_request_refused"),
    "keel-cut": failed("stream_interrupted", text=SOME),
    "keel-eof": failed("stream_interrupted", text=SOME),
    "keel-malformed": failed("malformed_stream", text=SOME),
    "keel-bad-utf8": failed("malformed_stream", text=SOME),
    "keel-html": failed("malformed_stream"),
    "keel-json-200": failed("malformed_stream"),
    "keel-comments": failed("stream_interrupted"),
    "keel-error-midstream": failed("provider_unavailable", text=SOME),
    "keel-empty-choices": Row(),
    "keel-huge-chunk": failed("output_cap_exceeded", text=SOME),
    # Without a schema or tools they answer; who calls tools that were not offered says nothing.
    "keel-json": Row(),
    "keel-json-at-last": Row(),
    "keel-json-never": Row(),
    "keel-tools": Row(),
    "keel-tools-unknown": Row(),
    "keel-tools-bad-arguments": Row(),
    "keel-tools-for-ever": failed("empty_answer", confidence=Confidence.EXACT),
    "keel-content-filter": failed("content_filtered", text=SOME, confidence=Confidence.EXACT),
    "keel-refusal": failed("refused_by_model", text=REFUSAL, confidence=Confidence.EXACT),
    "keel-empty": failed("empty_answer", confidence=Confidence.EXACT),
    "keel-nul": Row(),
    "keel-hostile": Row(),
    "keel-injected": Row(),
    "keel-flagged": Row(),
    "keel-unmoderated": Row(),
    "keel-no-usage": Row(confidence=Confidence.ESTIMATED),
    "keel-usage-zero": Row(confidence=Confidence.ESTIMATED),
    "keel-usage-huge": Row(confidence=Confidence.ESTIMATED),
    "keel-usage-negative": Row(confidence=Confidence.ESTIMATED),
    # More than our own count, but a count that could be true: it is believed as far as the hold goes.
    "keel-usage-mismatch": Row(output_tokens_max=2400),
    "keel-usage-cached": Row(),
    "keel-usage-cached-more": Row(confidence=Confidence.ESTIMATED),
    "keel-reasoning": Row(),
    "keel-reasoning-more": Row(confidence=Confidence.ESTIMATED),
    "keel-usage-wrong-total": Row(confidence=Confidence.ESTIMATED),
}
STATES = {"succeeded": "Done", "failed": "Not finished"}


def test_every_model_of_the_server_has_its_row():
    assert ROWS.keys() == MODELS.keys()


@pytest.mark.parametrize("model", ROWS)
def test_a_run_ends_as_it_should_and_its_page_says_so(model, customer, client):
    row = ROWS[model]

    generation = runs.run(runs.start(customer, model=model, output_tokens_max=row.output_tokens_max))

    calls = runs.calls()
    assert (generation.error_code, generation.finish_reason) == (row.error_code, row.finish_reason)
    assert generation.status == ("failed" if row.error_code else "succeeded")
    assert len(calls) == generation.attempts.count() == row.attempts
    assert_text(generation.output, expected=row.text, sent=storable(calls[-1]["text_sent"]))
    assert runs.usage_of(generation)[-1].confidence == row.confidence
    assert_money(generation)
    assert_attempts(generation, calls)
    assert_sentence(row.error_code)
    client.force_login(customer.user)
    assert_page(client.get(f"/generations/{generation.pk}/").text, generation)
    assert_answer(client.get(f"/api/v1/generations/{generation.pk}/").json(), generation)


@pytest.mark.parametrize("host", [f"127.0.0.1:{free_port()}", "no-such-host.invalid"], ids=["no-server", "no-host"])
def test_a_provider_that_cannot_be_reached_is_tried_three_times(host, customer, settings):
    generation = runs.start(customer)
    settings.OPENAI_BASE_URL = f"http://{host}/v1"
    openai_provider._client.cache_clear()

    generation = runs.run(generation)

    assert (generation.status, generation.error_code) == ("failed", "provider_unavailable")
    assert [attempt.status for attempt in generation.attempts.all()] == ["failed"] * 3
    assert generation.output == ""
    assert_money(generation)
    assert_sentence(generation.error_code)


@pytest.mark.parametrize(("status", "after"), [("429", "1"), ("500", "")])
def test_an_attempt_that_failed_is_written_down_beside_the_one_that_succeeded(status, after, customer):
    generation = runs.run(runs.start(customer, model=f"keel-{status}-once"))

    first, second = generation.attempts.order_by("number")
    assert (first.status, second.status) == ("failed", "succeeded")
    assert first.error_detail.startswith(f"{status}: ")
    assert [record.charged_credits > 0 for record in runs.usage_of(generation)] == [False, True]


def test_usage_that_could_not_be_true_is_counted_by_ourselves(customer):
    honest = runs.usage_of(runs.run(runs.start(customer, model="keel-demo-fast", output_tokens_max=1200)))

    estimated = [model for model, row in ROWS.items() if row.confidence == Confidence.ESTIMATED and not row.error_code]
    assert len(estimated) == 7
    for model in estimated:
        ours = runs.usage_of(runs.run(runs.start(customer, model=model, output_tokens_max=1200)))

        assert abs(ours[0].output_tokens - honest[0].output_tokens) <= 1, model
        assert abs(ours[0].input_tokens - honest[0].input_tokens) <= 1, model


@pytest.mark.parametrize(
    "counts",
    [
        *[(0, 5), (10**6, 5), (-5, 5), (5, 801), (5, 0), (5, -5), (5, 5, 6), (5, 5, -1)],
        *[(5, 5, 0, 6), (5, 5, 0, -1), (5, 5, 0, 0, 11), (5, 5, 0, 0, -10), (5, 5, 0, 0, 10**12)],
    ],
)
def test_each_count_that_could_not_be_true_is_replaced(counts):
    counted = count_tokens(
        prompt="a prompt", output="an answer", reported=ReportedUsage(*counts), output_tokens_max=800
    )

    assert (counted.input_tokens, counted.output_tokens, counted.confidence) == (2, 3, Confidence.ESTIMATED)


def assert_text(output, *, expected, sent):
    if expected == ALL:
        assert output == sent != ""
    elif expected == SOME:
        assert output
        assert sent.startswith(output)
    else:
        assert output == ("" if expected == NONE else expected)


def assert_money(generation):
    runs.assert_settled_once(generation)
    assert (generation.charged_credits > 0) == (generation.status == "succeeded")


def assert_attempts(generation, calls):
    """Every attempt says what was asked, how it ended, and under which id the provider knows it."""
    attempts = list(generation.attempts.order_by("number"))
    for attempt, call, used in zip(attempts, calls, runs.usage_of(generation), strict=True):
        assert (attempt.provider, attempt.request_model) == ("openai", generation.request_model)
        assert (attempt.error_code == "") == (attempt.status == "succeeded")
        assert (attempt.provider_request_id or call["id"]) == call["id"]
        assert (attempt.http_status is None) == (attempt.provider_request_id == "")
        assert (attempt.confidence, attempt.output_tokens) == (used.confidence, used.output_tokens)
        assert attempt.cost_usd_micros == used.cost_usd_micros
        assert attempt.duration_ms >= (attempt.first_token_ms or 0)


def assert_page(page, generation):
    """The page shows the state, the sentence of what went wrong, what was paid, and the text that arrived."""
    figures = f"Held {generation.hold.amount:,}, charged {generation.charged_credits:,}, returned"
    assert f"<b data-stage-text>{STATES[generation.status]}</b>" in page
    assert figures in page
    assert ("word</span>" in page or "words</span>" in page) == bool(generation.output)
    sentence = html.escape(str(errors.sentence_for(generation.error_code)))
    assert (sentence in html.unescape(page).replace("'", "&#x27;")) == (generation.status == "failed")
    limit = f"limit of {generation.output_tokens_max:,} tokens"
    assert (limit in page) == (generation.finish_reason == "length")


def assert_answer(body, generation):
    """A program is told the same, with what could be done about it."""
    error = errors.find(generation.error_code)
    told = error and {
        "code": error.code,
        "kind": error.kind,
        "status": error.http_status,
        "detail": str(error.sentence),
    }
    assert body["error"] == told
    assert (body["output"], body["finish_reason"]) == (generation.output, generation.finish_reason)


def assert_sentence(error_code):
    sentence = str(errors.sentence_for(error_code))
    assert sentence.endswith(".")
    assert not error_code or "not charged" in sentence
    assert "_" not in sentence
    assert not error_code or error_code in {error.code for error in errors._all_subclasses(errors.ProviderError)}
