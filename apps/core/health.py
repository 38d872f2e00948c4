"""Whether this process is alive, and whether the product can work."""

from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import resolve

from apps.core import redis

# Asked by platforms: by address instead of name, without TLS, every few seconds.
PROBES = frozenset({"/healthz", "/readyz"})
_checks: dict[str, Callable[[], str | None]] = {}


def register_check(name: str, check: Callable[[], str | None]) -> None:
    """Add a readiness check: it returns None when all is well, else a short reason."""
    _checks[name] = check


def alive(request: HttpRequest) -> HttpResponse:
    """Answer /healthz: the process takes requests; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> JsonResponse:
    """Answer /readyz: 200 when the database, Redis and every registered check are well, else 503 with the reasons."""
    results = outcomes()
    failed = any(reason is not None for reason in results.values())
    body = {name: reason or "ok" for name, reason in results.items()}
    return JsonResponse(body, status=503 if failed else 200)


def outcomes() -> dict[str, str | None]:
    """Return what every check says now: None when all is well, else a short reason."""
    return {name: _outcome(check) for name, check in _checks.items()}


class ProbeMiddleware:
    """Answer probes before hosts are checked, plain HTTP is redirected or a session is looked up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path not in PROBES:
            return self.get_response(request)
        answer: HttpResponse = resolve(request.path).func(request)
        return answer


def _outcome(check: Callable[[], str | None]) -> str | None:
    try:
        return check()
    except Exception as error:  # whatever it is, the answer is "not ready"
        return type(error).__name__


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _redis() -> None:
    redis.client().ping()


register_check("database", _database)
register_check("redis", _redis)
