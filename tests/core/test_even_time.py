"""Some answers leave after the same time, however soon they are ready; others at once."""

import asyncio
import time

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from apps.core.even_time import even_time, evenly_timed

SECONDS = 0.2


@pytest.fixture(autouse=True)
def _even(settings):
    settings.EVEN_ANSWER_SECONDS = SECONDS


def view_that_takes(seconds: float):
    def view(request):
        time.sleep(seconds)
        return HttpResponse("done")

    return view


def seconds_in_sync(view, method: str) -> float:
    started = time.monotonic()
    assert even_time(view)(RequestFactory().generic(method, "/")).content == b"done"
    return time.monotonic() - started


def seconds_in_async(view, method: str) -> float:
    async def get_response(request):
        return view(request)

    started = time.monotonic()
    assert asyncio.run(even_time(get_response)(RequestFactory().generic(method, "/"))).content == b"done"
    return time.monotonic() - started


@pytest.mark.parametrize("measure", [seconds_in_sync, seconds_in_async])
def test_a_quick_and_a_slow_answer_leave_after_the_same_time(measure):
    quick, slow = (measure(evenly_timed(view_that_takes(seconds)), "POST") for seconds in (0, 0.15))

    assert (quick >= SECONDS, slow >= SECONDS, abs(quick - slow) < 0.1) == (True, True, True)


@pytest.mark.parametrize("measure", [seconds_in_sync, seconds_in_async])
def test_other_answers_leave_at_once(measure):
    assert measure(evenly_timed(view_that_takes(0)), "GET") < SECONDS
    assert measure(view_that_takes(0), "POST") < SECONDS
