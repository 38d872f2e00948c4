"""Each model that misbehaves does what its name says."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest

from dev.model_server import misreporting
from tests.dev.model_server.listening import (
    QUESTION,
    complete,
    hold,
    is_silent,
    last_call,
    listen,
    messages_of,
    read_until,
    usage_of,
    wait_until,
)


@pytest.mark.parametrize(
    ("model", "error", "code", "retry_after"),
    [
        ("keel-429", openai.RateLimitError, "rate_limit_exceeded", "1"),
        ("keel-429-no-retry-after", openai.RateLimitError, "rate_limit_exceeded", None),
        ("keel-429-absurd", openai.RateLimitError, "rate_limit_exceeded", "99999"),
        ("keel-quota", openai.RateLimitError, "insufficient_quota", None),
        ("keel-500", openai.InternalServerError, None, None),
        ("keel-503", openai.InternalServerError, "overloaded", None),
        ("keel-401", openai.AuthenticationError, "invalid_api_key", None),
        ("keel-404", openai.NotFoundError, "model_not_found", None),
        ("keel-400-context", openai.BadRequestError, "context_length_exceeded", None),
    ],
)
def test_a_refusal_reaches_the_sdk_as_its_error(
    client: openai.OpenAI, model: str, error: type[openai.APIStatusError], code: str | None, retry_after: str | None
) -> None:
    with pytest.raises(error) as caught:
        complete(client, model)

    assert caught.value.code == code
    assert caught.value.response.headers.get("retry-after") == retry_after
    assert caught.value.request_id


@pytest.mark.parametrize(("model", "status"), [("keel-429-once", 429), ("keel-500-once", 500)])
def test_a_second_attempt_is_answered(url: str, model: str, status: int) -> None:
    message = f"{model} {time.time_ns()}"

    statuses = [listen(url, model, asked).response.status_code for asked in (message, message, message + "!")]

    assert statuses == [status, 200, status]


def test_a_redirect_points_to_another_host(url: str) -> None:
    heard = listen(url, "keel-redirect")

    assert heard.response.status_code == 307
    assert heard.response.headers["location"].startswith("http://127.0.0.2:9/")


@pytest.mark.parametrize(
    ("model", "finish_reason", "is_done"),
    [
        ("keel-eof", None, False),
        ("keel-empty-choices", "stop", True),
        ("keel-content-filter", "content_filter", True),
        ("keel-huge-chunk", "stop", True),
        ("keel-hostile", "stop", True),
        ("keel-nul", "stop", True),
    ],
)
def test_an_odd_stream_ends_as_its_name_says(url: str, model: str, finish_reason: str | None, is_done: bool) -> None:
    heard = listen(url, model)

    assert heard.error is None
    assert heard.text
    assert heard.finish_reason == finish_reason
    assert (heard.events[-1] == "[DONE]") is is_done


@pytest.mark.parametrize("stream", [True, False])
def test_a_cut_connection_ends_in_a_protocol_error(url: str, stream: bool) -> None:
    heard = listen(url, "keel-cut", stream=stream)

    assert isinstance(heard.error, httpx2.RemoteProtocolError)
    assert heard.body


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("keel-malformed", json.JSONDecodeError),
        ("keel-bad-utf8", UnicodeDecodeError),
        ("keel-error-midstream", openai.APIError),
        ("keel-cut", (openai.APIError, httpx2.RemoteProtocolError)),
    ],
)
def test_a_broken_stream_raises_after_some_text(client: openai.OpenAI, model: str, error: Any) -> None:
    stream = client.chat.completions.create(model=model, messages=messages_of(QUESTION), stream=True)
    received = []

    with pytest.raises(error):
        received.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    assert "".join(received)


def test_html_and_foreign_json_come_with_status_200(url: str) -> None:
    page, foreign = listen(url, "keel-html"), listen(url, "keel-json-200")

    assert (page.response.status_code, foreign.response.status_code) == (200, 200)
    assert page.response.headers["content-type"].startswith("text/html")
    assert not {"choices", "error"} & set(json.loads(foreign.body))


def test_comments_are_all_that_a_comment_stream_has(url: str) -> None:
    heard = listen(url, "keel-comments")

    assert heard.error is None
    assert {line[:1] for line in heard.body.decode().split("\n")} == {":", ""}


def test_a_refusal_text_is_no_content(client: openai.OpenAI, url: str) -> None:
    message = complete(client, "keel-refusal").choices[0].message
    heard = listen(url, "keel-refusal")

    assert message.content is None
    assert "can't help" in message.refusal
    assert (heard.text, heard.finish_reason) == ("", "stop")


def test_an_empty_answer_succeeds_without_text(url: str) -> None:
    heard = listen(url, "keel-empty", stream_options={"include_usage": True})

    assert (heard.text, heard.finish_reason) == ("", "stop")
    assert heard.chunks[-1]["usage"]["completion_tokens"] == 0


def test_odd_choices_surround_a_good_answer(url: str) -> None:
    heard = listen(url, "keel-empty-choices")

    assert heard.text == listen(url, "keel-demo-fast").text
    assert {"[]", "null"} <= {json.dumps(chunk["choices"]) for chunk in heard.chunks}
    assert any(choice["delta"] is None for chunk in heard.chunks for choice in chunk["choices"] or [])


def test_a_huge_chunk_is_one_delta_of_a_megabyte(url: str) -> None:
    heard = listen(url, "keel-huge-chunk", max_tokens=5)

    assert max(len(event) for event in heard.events) > len(heard.text) == 1_000_000


@pytest.mark.parametrize(("model", "text"), [("keel-nul", "ODD_TEXT"), ("keel-hostile", "HOSTILE_MARKDOWN")])
def test_odd_content_arrives_exactly(url: str, model: str, text: str) -> None:
    assert listen(url, model).text == getattr(misreporting, text)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("keel-no-usage", lambda truth: None),
        ("keel-usage-zero", lambda truth: (0, 0)),
        ("keel-usage-huge", lambda truth: (10**12, 10**12)),
        ("keel-usage-negative", lambda truth: (-5, -5)),
        ("keel-usage-mismatch", lambda truth: (2 * truth[0], 2 * truth[1])),
    ],
)
def test_usage_is_as_wrong_as_its_name_says(url: str, model: str, expected: Callable[[Any], Any]) -> None:
    honest, heard = (listen(url, name, stream_options={"include_usage": True}) for name in ("keel-demo-fast", model))

    assert usage_of(heard) == expected(usage_of(honest))
    assert heard.text == honest.text


def test_a_slow_first_token_sends_its_headers_at_once(url: str) -> None:
    with hold(url, "keel-slow-first-token", "delay=600") as connection:
        assert b"200 OK" in read_until(connection, b"\r\n\r\n")
        assert is_silent(connection)


def test_slow_headers_send_nothing_at_all(url: str) -> None:
    with hold(url, "keel-slow-headers", "delay=600") as connection:
        assert is_silent(connection)


@pytest.mark.parametrize("model", ["keel-slow-first-token", "keel-slow-headers"])
def test_a_slow_model_answers_in_the_end(url: str, model: str) -> None:
    heard = listen(url, model, "delay=0.2")

    assert heard.text == listen(url, "keel-demo-fast", "delay=0.2").text


def test_a_stall_goes_silent_after_some_text(url: str) -> None:
    with hold(url, "keel-stall") as connection:
        assert b'"content":"# Explain' in read_until(connection, b"# Explain")
        wait_until(lambda: is_silent(connection))

        assert last_call(url)["state"] == "open"


def test_a_trickle_ends_at_the_limit(url: str) -> None:
    heard = listen(url, "keel-trickle", max_tokens=3)

    assert (heard.text, heard.finish_reason) == ("drop 0 drop ", "length")


def test_endless_ignores_the_limit(url: str) -> None:
    with hold(url, "keel-endless", max_tokens=1) as connection:
        assert read_until(connection, b"line 50\\n")
