"""The journal tells what was sent, and a client that hangs up stops its call."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import openai
import pytest

from tests.dev.model_server.listening import QUESTION, Heard, body_of, hold, last_call, listen, messages_of, wait_until


def test_the_journal_keeps_what_was_asked_and_sent(url: str) -> None:
    headers = {"idempotency-key": "key-1", "x-request-id": "mine", "cookie": "secret"}

    heard = listen(url, "keel-demo-fast", headers=headers, user="user-7", max_tokens=50)
    call = httpx2.get(f"{url}/journal/{heard.response.headers['x-request-id']}").json()

    assert call["text_sent"] == heard.text
    assert call["bytes_sent"] == len(heard.body)
    assert (call["state"], call["model"], call["user"]) == ("finished", "keel-demo-fast", "user-7")
    assert (call["messages"], call["parameters"]) == (messages_of(QUESTION), {"stream": True, "max_tokens": 50})
    assert call["headers"] == {"idempotency-key": "key-1", "x-request-id": "mine"}
    assert call["id"] == heard.chunks[0]["id"]
    assert call["started_at"] <= call["ended_at"]


@pytest.mark.parametrize("model", ["keel-503", "no-such-model", "keel-redirect"])
def test_a_refused_call_is_in_the_journal(url: str, model: str) -> None:
    listen(url, model)

    call = last_call(url)
    assert (call["model"], call["state"], call["text_sent"]) == (model, "refused", "")


def test_the_journal_can_be_emptied_and_its_totals_go_on(url: str) -> None:
    listen(url, "keel-echo")
    before = httpx2.get(f"{url}/journal").json()["totals"]

    httpx2.delete(f"{url}/journal")
    heard = listen(url, "keel-echo")

    after = httpx2.get(f"{url}/journal").json()
    assert len(after["calls"]) == 1
    assert after["totals"]["calls"] == before["calls"] + 1
    assert after["totals"]["bytes_sent"] == before["bytes_sent"] + len(heard.body)


def test_the_journal_forgets_the_oldest_calls(url: str) -> None:
    with httpx2.Client(base_url=url, headers={"authorization": "Bearer key"}) as client:
        for number in range(1001):
            client.post("/v1/chat/completions", json=body_of("keel-echo", str(number), stream=False))

    texts = [call["text_sent"] for call in httpx2.get(f"{url}/journal").json()["calls"]]
    assert texts == [str(number) for number in range(1, 1001)]


def test_an_unknown_journal_entry_is_not_found(url: str) -> None:
    assert httpx2.get(f"{url}/journal/nothing").status_code == 404


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", ["keel-endless", "keel-stall", "keel-slow-first-token", "keel-slow-headers"])
def test_a_hang_up_stops_the_call(url: str, model: str, stream: bool) -> None:
    connection = hold(url, model, stream=stream)
    wait_until(lambda: last_call(url)["model"] == model and last_call(url)["state"] == "open")

    connection.close()

    wait_until(lambda: last_call(url)["state"] == "aborted")
    sent = last_call(url)["bytes_sent"]
    time.sleep(0.1)
    assert last_call(url)["bytes_sent"] == sent
    assert httpx2.get(f"{url}/journal").json()["totals"]["open_calls"] == 0


def test_a_client_that_hangs_up_has_no_more_text_than_the_journal(client: openai.OpenAI, url: str) -> None:
    stream = client.chat.completions.create(model="keel-demo", messages=messages_of(QUESTION), stream=True)
    received = "".join(next(stream).choices[0].delta.content for _ in range(5))

    stream.close()

    wait_until(lambda: last_call(url)["state"] == "aborted")
    assert received
    assert last_call(url)["text_sent"].startswith(received)


def test_fifty_streams_at_once_all_complete(url: str) -> None:
    def ask(number: int) -> Heard:
        return listen(url, "keel-long", f"tokens=300 stream {number}")

    with ThreadPoolExecutor(50) as pool:
        heard = list(pool.map(ask, range(50)))

    assert {len(each.text) for each in heard} == {1200}
    assert {each.events[-1] for each in heard} == {"[DONE]"}
    assert len({each.response.headers["x-request-id"] for each in heard}) == 50
