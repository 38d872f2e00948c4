"""A request that hangs is answered by its deadline, in the form its reader can use."""

import asyncio
import json
import threading

import pytest
from django.core.handlers.asgi import ASGIHandler

from apps.core import deadline
from apps.core.deadline import with_deadline
from tests.core.asgi import answer_of

pytestmark = pytest.mark.urls("tests.core.urls")


@pytest.fixture(autouse=True)
def _short_deadline(settings):
    settings.REQUEST_DEADLINE_SECONDS = 0.2
    settings.ALLOWED_HOSTS = ["*"]


async def answer_and_end(path, headers=()):
    """Return the answer, whether the request was still hanging when it came, and wait until it is over."""
    answer = await answer_of(with_deadline(ASGIHandler()), path, headers=headers)
    hanging = [task for task in deadline._abandoned if not task.done()]
    await asyncio.gather(*hanging)
    return answer, bool(hanging)


def test_a_hanging_thread_is_answered_with_503_before_it_ends():
    (status, headers, body), was_hanging = asyncio.run(
        answer_and_end("/hang/", [(b"x-request-id", b"hangs-for-a-while")])
    )

    assert was_hanging
    assert status == 503
    assert headers[b"retry-after"] == b"5"
    assert headers[b"x-request-id"] == b"hangs-for-a-while"
    assert b"Nothing was lost" in body
    assert not deadline._abandoned


def test_the_503_of_the_deadline_is_a_toast_for_htmx_and_json_for_a_program():
    (_, toast_headers, toast), _ = asyncio.run(answer_and_end("/hang/", [(b"hx-request", b"true")]))
    (_, _, problem), _ = asyncio.run(answer_and_end("/api/hang/"))

    assert toast_headers[b"hx-retarget"] == b"#toasts"
    assert b'data-code="unavailable"' in toast
    assert json.loads(problem)["code"] == "unavailable"


def test_an_answer_in_time_passes_unchanged_with_one_request_id():
    (status, headers, body), was_hanging = asyncio.run(
        answer_and_end("/healthz", [(b"x-request-id", b"answered-in-time")])
    )

    assert not was_hanging
    assert (status, body) == (200, b"ok\n")
    assert headers[b"x-request-id"] == b"answered-in-time"


def test_an_answer_that_has_begun_is_not_cut():
    async def slow_body(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.5)
        await send({"type": "http.response.body", "body": b"whole"})

    status, _, body = asyncio.run(answer_of(with_deadline(slow_body), "/"))

    assert (status, body) == (200, b"whole")


def test_an_error_of_the_application_comes_through():
    async def broken(scope, receive, send):
        raise LookupError(threading.current_thread().name)

    with pytest.raises(LookupError):
        asyncio.run(answer_of(with_deadline(broken), "/"))
