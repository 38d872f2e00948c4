"""What every client may rely on: keys, parameters, text, usage and limits."""

import json
from typing import Any

import httpx2
import openai
import pytest

from dev.model_server.models import MODELS
from tests.dev.model_server.listening import QUESTION, body_of, complete, listen


def test_health_needs_no_key(url: str) -> None:
    assert httpx2.get(f"{url}/healthz").json() == {"status": "ok"}


def test_every_model_is_listed(client: openai.OpenAI) -> None:
    assert {model.id for model in client.models.list()} == set(MODELS)


@pytest.mark.parametrize("authorization", [None, "Bearer wrong-key", "Bearer", "Basic a2VlbA=="])
def test_a_call_without_a_good_key_is_refused(url: str, authorization: str | None) -> None:
    headers = {"authorization": authorization} if authorization else {}

    response = httpx2.post(f"{url}/v1/chat/completions", json=body_of("keel-echo"), headers=headers)

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"content": "no role"}]}, "messages[0]"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": "10"}, "max_completion_tokens"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens"),
        ({"stream": False, "stream_options": {"include_usage": True}}, "stream_options"),
        ({"n": 2}, "n"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(url: str, change: dict[str, Any], param: str) -> None:
    heard = listen(url, "keel-echo", **change)

    assert heard.response.status_code == 400
    assert json.loads(heard.body)["error"]["param"] == param


def test_a_body_that_is_no_json_is_refused(url: str) -> None:
    response = httpx2.post(f"{url}/v1/chat/completions", content=b"{", headers={"authorization": "Bearer k"})

    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        complete(client, "gpt-unheard-of")

    assert caught.value.code == "model_not_found"


def test_the_demo_answer_depends_on_the_message_alone(client: openai.OpenAI) -> None:
    first, second = (complete(client, "keel-demo-fast").choices[0].message.content for _ in range(2))
    other = complete(client, "keel-demo-fast", message="Another question").choices[0].message.content

    assert first == second != other


@pytest.mark.parametrize(
    "message", [QUESTION, "", "hi", "x" * 3000, "请给我写一篇关于人工智能的文章", "{a} {0} | ` <b>\0"]
)
def test_the_demo_answer_is_long_enough_and_says_once_what_it_is(client: openai.OpenAI, message: str) -> None:
    text = complete(client, "keel-demo-fast", message=message).choices[0].message.content

    assert 250 <= len(text.split()) <= 450
    assert text.count("no real AI") == 1


def test_the_demo_answer_takes_up_the_words_of_the_user(client: openai.OpenAI) -> None:
    text = complete(client, "keel-demo-fast").choices[0].message.content

    assert QUESTION in text
    assert text.lower().count("bakery") > 3


def test_the_slow_demo_writes_the_same_text_as_the_fast_one(url: str) -> None:
    slow = listen(url, "keel-demo", max_tokens=40)
    fast = listen(url, "keel-demo-fast", max_tokens=40)

    assert [chunk["choices"] for chunk in slow.chunks] == [chunk["choices"] for chunk in fast.chunks]


@pytest.mark.parametrize("model", ["keel-demo-fast", "keel-echo", "keel-long", "keel-hostile", "keel-nul"])
def test_a_stream_says_the_same_as_a_whole_answer(url: str, model: str) -> None:
    streamed = listen(url, model)
    whole = json.loads(listen(url, model, stream=False).body)["choices"][0]

    assert (streamed.text, streamed.finish_reason) == (whole["message"]["content"], whole["finish_reason"])


@pytest.mark.parametrize("message", ["", "a", "two\nlines\r\n", "👩‍👩‍👧 שלום \u2028 \0 \u202e", "long " * 5000])
def test_echo_sends_the_message_back_exactly(url: str, message: str) -> None:
    assert listen(url, "keel-echo", message).text == message


def test_echo_answers_the_last_user_message_also_in_parts(client: openai.OpenAI) -> None:
    parts = [{"type": "text", "text": "last "}, {"type": "text", "text": "words"}]
    roles = [("user", "first"), ("assistant", "answer"), ("user", parts), ("assistant", "prefill")]

    messages = [{"role": role, "content": content} for role, content in roles]
    completion = client.chat.completions.create(model="keel-echo", messages=messages)

    assert completion.choices[0].message.content == "last words"


def test_usage_comes_in_a_last_chunk_and_only_when_asked(url: str) -> None:
    asked = listen(url, "keel-echo", "12345", stream_options={"include_usage": True})
    silent = listen(url, "keel-echo", "12345")

    counts = {name: asked.chunks[-1]["usage"][name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    assert counts == {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}
    assert asked.chunks[-1]["choices"] == []
    assert all(chunk["usage"] is None for chunk in asked.chunks[:-1])
    assert all("usage" not in chunk for chunk in silent.chunks)
    assert asked.events[-1] == silent.events[-1] == "[DONE]"


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_limit_cuts_the_answer_with_length(client: openai.OpenAI, url: str, name: str) -> None:
    whole = complete(client, "keel-echo", message="ä" * 100, **{name: 7})
    streamed = listen(url, "keel-echo", "ä" * 100, **{name: 7})

    assert whole.usage.completion_tokens == 7
    assert whole.choices[0].message.content == streamed.text == "ä" * 14
    assert whole.choices[0].finish_reason == streamed.finish_reason == "length"


def test_an_answer_that_just_fits_is_not_cut(url: str) -> None:
    heard = listen(url, "keel-echo", "12345678", max_tokens=2)

    assert (heard.text, heard.finish_reason) == ("12345678", "stop")


def test_the_limit_never_cuts_a_character_in_two(url: str) -> None:
    heard = listen(url, "keel-echo", "abc€def", max_tokens=1, stream_options={"include_usage": True})

    assert (heard.text, heard.finish_reason) == ("abc", "length")
    assert heard.chunks[-1]["usage"]["completion_tokens"] == 1


def test_long_writes_as_many_tokens_as_asked(client: openai.OpenAI) -> None:
    completion = complete(client, "keel-long", message="tokens=1234 please")

    assert completion.usage.completion_tokens == 1234
    assert completion.choices[0].finish_reason == "stop"
