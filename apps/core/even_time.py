"""Answers that take as long whatever they found: who measures a sign-up or a reset learns nothing about an address.

Making an account is more work than telling its owner that there is one, a mail with a link is more than one without,
and nobody is found in one query more than somebody. So these answers wait until EVEN_ANSWER_SECONDS have passed since
the request came; all work is done by then.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

View = Callable[..., HttpResponseBase]
Answer = Callable[[HttpRequest], Any]


def evenly_timed(view: View) -> View:
    """Let every answer of a view to a POST leave after the same time; within `limited`, whose refusals do not wait."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.is_evenly_timed = request.method == "POST"  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return wrapped


@sync_and_async_middleware
def even_time(get_response: Answer) -> Answer | Callable[[HttpRequest], Awaitable[HttpResponse]]:
    """Hold such answers back. First of all middleware: the work of the others is within the time, too.

    Under ASGI it waits without a thread and without a connection to the database.
    """
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponse:
            started = time.monotonic()
            response: HttpResponse = await get_response(request)
            seconds = _seconds_left(request, started)
            if seconds > 0:
                await sync_to_async(_give_connection_back)()
                await asyncio.sleep(seconds)
            return response

        return answer_later

    def answer(request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        response: HttpResponse = get_response(request)
        seconds = _seconds_left(request, started)
        if seconds > 0:
            time.sleep(seconds)
        return response

    return answer


def _seconds_left(request: HttpRequest, started: float) -> float:
    if not getattr(request, "is_evenly_timed", False):
        return 0
    return started + float(settings.EVEN_ANSWER_SECONDS) - time.monotonic()


def _give_connection_back() -> None:
    if not connection.in_atomic_block:
        connection.close()
