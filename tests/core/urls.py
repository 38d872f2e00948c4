"""The product's addresses, and views that fail in every way."""

import time
from typing import ClassVar

from django.contrib.auth.decorators import login_required
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.core.errors import DomainError
from apps.core.rate_limits import limited
from config.urls import handler400, handler403, handler404, handler429, handler500
from config.urls import urlpatterns as product_urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500"]
HANG_SECONDS = 1.5


class TeapotError(DomainError):
    code: ClassVar[str] = "teapot"
    status: ClassVar[int] = 418
    sentence = "This is a <teapot>."
    retry_after_seconds = 7


def refuse(request: HttpRequest) -> HttpResponse:
    raise TeapotError


def lose_database(request: HttpRequest) -> HttpResponse:
    raise OperationalError("server closed the connection")


def lose_redis(request: HttpRequest) -> HttpResponse:
    raise RedisConnectionError("refused")


@csrf_exempt
def crash(request: HttpRequest) -> HttpResponse:
    prompt = request.POST.get("prompt", "")
    raise ValueError("a bug" if len(prompt) < 1000 else "another bug")


def echo(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"fields": sorted(request.POST), "cookies": sorted(request.COOKIES)})


def ask_database(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        return HttpResponse(cursor.fetchone()[0])


def hang(request: HttpRequest) -> HttpResponse:
    time.sleep(HANG_SECONDS)
    return HttpResponse("late")


@login_required
def members_only(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


@limited(group="tests", rate="2/d")
def twice_a_day(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


@limited(group="tests", rate="2/d", by_user=True)
def twice_a_day_each(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


urlpatterns = [
    *product_urlpatterns,
    path("refuse/", refuse),
    path("api/refuse/", refuse),
    path("lose-database/", lose_database),
    path("lose-redis/", lose_redis),
    path("crash/", crash),
    path("echo/", echo),
    path("ask-database/", ask_database),
    path("hang/", hang),
    path("api/hang/", hang),
    path("members-only/", members_only),
    path("twice-a-day/", twice_a_day),
    path("twice-a-day-each/", twice_a_day_each),
]
