"""The request id around every request, text that cannot be stored, and anticipated errors turned into answers."""

import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect

from apps.core.errors import DomainError, UnavailableError, is_outage
from apps.core.htmx import MAIN, mark_variants, requested_target
from apps.core.http import client_address, without_secrets
from apps.core.origin import origin
from apps.core.request_id import HEADER, bind_request_id
from apps.core.responses import not_allowed, refusal

logger = structlog.get_logger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]


class LoginExpiredError(DomainError):
    """An HTMX request came after the session had ended."""

    code = "login_expired"
    status = 401
    sentence = _("You have been logged out. Log in again in another tab, then try once more: your text is still here.")


class RequestIdMiddleware:
    """Bind a request id, return it in the answer, and write one log line for the request."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        structlog.contextvars.clear_contextvars()
        request.request_id = bind_request_id(request.headers.get(HEADER))  # type: ignore[attr-defined]
        started = time.monotonic()
        with origin(address=client_address(request)):
            response = self.get_response(request)
        response[HEADER] = request.request_id  # type: ignore[attr-defined]
        logger.info(
            "request",
            method=request.method,
            path=without_secrets(request.path),
            status=response.status_code,
            duration_ms=round((time.monotonic() - started) * 1000),
            address=client_address(request),
        )
        return response


class UnstorableTextMiddleware:
    """Refuse NUL in addresses with a 400 and drop cookies that hold one: PostgreSQL would refuse them with an error."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise SuspiciousOperation("NUL in the address.")
        # A quoted cookie may spell NUL in octal.
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if "\x00" not in value}
        return self.get_response(request)


class ErrorMiddleware:
    """Answer a DomainError with its own sentence, a lost database or Redis with 503, an expired login with 401."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        login = resolve_url(settings.LOGIN_URL)
        if getattr(request, "htmx", False) and response.status_code == 302 and response["Location"].startswith(login):
            return _ask_to_log_in(request, login_url=response["Location"])
        if response.status_code == 405 and not response.streaming and not response.content:
            response = _explain_methods(request, refused=response)
        mark_variants(response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn anticipated exceptions of a view into answers; anything else stays a 500 with a report."""
        if isinstance(exception, DomainError):
            return refusal(request, exception)
        if is_outage(exception):
            logger.warning("service_unavailable", error=str(exception))
            return refusal(request, UnavailableError())
        return None


def _ask_to_log_in(request: HttpRequest, *, login_url: str) -> HttpResponse:
    """Go to the login page where nothing was typed; else say it, and leave the page as it is."""
    if request.method == "GET" and requested_target(request) == MAIN:
        return HttpResponseClientRedirect(login_url)
    return refusal(request, LoginExpiredError())


def _explain_methods(request: HttpRequest, *, refused: HttpResponse) -> HttpResponse:
    """Give Django's empty 405 words, and keep what it says about the methods that are allowed."""
    response = not_allowed(request)
    response["Allow"] = refused.headers.get("Allow", "")
    return response
