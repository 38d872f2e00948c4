"""A body that is too long is refused in front of Django, by its announced length or as it comes."""

import asyncio
import json

import pytest

from apps.core.body_limit import with_body_limit
from apps.core.deadline import with_deadline
from tests.core.asgi import answer_of

LIMIT = 100


@pytest.fixture(autouse=True)
def _short_limit(settings):
    settings.BODY_BYTES_MAX = LIMIT


async def echo(scope, receive, send):
    """Answer with the length of the body; hang up where the sender does, as Django does."""
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length, more = length + len(message["body"]), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


def answer(path="/", *, body=b"", headers=()):
    return asyncio.run(answer_of(with_body_limit(echo), path, method="POST", body=body, headers=headers))


@pytest.mark.parametrize("announced", [[], [(b"content-length", b"100")]])
def test_what_is_short_enough_passes(announced):
    assert answer(body=b"x" * LIMIT, headers=announced)[2] == b"100"


@pytest.mark.parametrize(
    ("body", "announced"),
    [(b"x" * (LIMIT + 1), []), (b"", [(b"content-length", b"101")]), (b"x" * 200, [(b"content-length", b"5")])],
    ids=["as it comes", "by its announced length", "more than it announced"],
)
def test_what_is_too_long_is_refused(body, announced):
    status, _headers, page = answer(body=body, headers=announced)

    assert status == 413
    assert b"at most 100" in page


def test_a_program_gets_it_as_json_and_htmx_as_a_toast():
    long = [(b"content-length", b"101")]

    assert json.loads(answer("/api/v1/generations/", headers=long)[2])["code"] == "too_large"
    assert b'data-level="error"' in answer(headers=[*long, (b"hx-request", b"true")])[2]


def test_a_body_that_comes_slowly_is_waited_for_longer_than_an_answer(settings):
    settings.REQUEST_DEADLINE_SECONDS = 0.1

    async def slowly(scope, receive, send):
        async def receive_late():
            await asyncio.sleep(0.3)
            return await receive()

        await with_deadline(echo)(scope, receive_late, send)

    headers = [(b"content-length", b"5")]
    assert asyncio.run(answer_of(slowly, "/", method="POST", body=b"12345", headers=headers))[2] == b"5"
