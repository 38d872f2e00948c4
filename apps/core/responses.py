"""Refusals and failures as answers: a page, its main region or a toast for HTMX, or problem+json for a program."""

import sys
from collections.abc import Sequence
from typing import Any, TypedDict

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.core import rate_headers
from apps.core.context_processors import site
from apps.core.errors import DomainError, UnavailableError, is_outage
from apps.core.htmx import MAIN, requested_target
from apps.core.http import wants_json, without_secrets
from apps.core.request_id import current_request_id

logger = structlog.get_logger(__name__)

SAFE_METHODS = {"GET", "HEAD"}
# What a 429 asks for that does not know better: programs wait for it, people are told no number.
RETRY_SECONDS = 10
WHOLE_PAGE, MAIN_REGION = "frames/error.html", "frames/error_fragment.html"
NEXT_STEPS = {
    400: gettext_lazy("Go back and try once more. If you followed a link, it may have been cut off."),
    403: gettext_lazy("You may have to log in as somebody else. If you think that this is wrong, tell us."),
    404: gettext_lazy("It may have moved or been deleted, or the link is incomplete."),
    405: gettext_lazy("Go back and use the buttons of the page itself."),
    413: gettext_lazy("Go back, shorten your text, and send it again."),
    500: gettext_lazy("If it happens again, tell us: the request id leads us to what went wrong."),
    503: gettext_lazy("We are most likely on it already."),
}


class FieldError(TypedDict):
    """Why one field of a program's request was refused; `code` is stable."""

    field: str
    code: str
    detail: str


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Render an anticipated refusal with its own code, sentence and status."""
    response = error_response(
        request,
        status=error.status,
        code=error.code,
        sentence=error.sentence,
        retry_after_seconds=error.retry_after_seconds,
    )
    return with_limits(response, error)


def with_limits(response: HttpResponse, error: DomainError) -> HttpResponse:
    """Say when to come again and what a limit has left; for answers that show a refusal in their own way."""
    if error.retry_after_seconds is not None or error.status == 429:
        response["Retry-After"] = str(error.retry_after_seconds or RETRY_SECONDS)
    rate_headers.put(response, error.readings)
    return response


def error_response(
    request: HttpRequest,
    *,
    status: int,
    code: str,
    sentence: str | Promise,
    retry_after_seconds: int | None = None,
    field_errors: Sequence[FieldError] = (),
) -> HttpResponse:
    """Render any error in the form its reader can use, with the request id in it; field errors are for programs."""
    context = {"status": status, "code": code, "sentence": sentence, "request_id": current_request_id()}
    context["next_step"] = _next_step(status, retry_after_seconds=retry_after_seconds)
    if wants_json(request):
        response: HttpResponse = _problem(context, field_errors)
    elif getattr(request, "htmx", False) and not _is_navigation(request):
        response = HttpResponse(_render(request, "components/toast.html", context | {"level": "error"}), status=status)
        response["HX-Retarget"] = "#toasts"
        response["HX-Reswap"] = "beforeend"
    else:
        response = _page(request, context)
    if retry_after_seconds is None and status == 429:
        retry_after_seconds = RETRY_SECONDS
    if retry_after_seconds is not None:
        response["Retry-After"] = str(retry_after_seconds)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, or 413 for a body that is too large (Django's handler400)."""
    if isinstance(exception, RequestDataTooBig):
        return error_response(request, status=413, code="too_large", sentence=_("This is too large to send at once."))
    return error_response(request, status=400, code="bad_request", sentence=_("We could not read this request."))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403 (Django's handler403)."""
    return error_response(request, status=403, code="forbidden", sentence=_("You may not do this."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a failed CSRF check (Django's CSRF_FAILURE_VIEW)."""
    sentence = _("This form has expired. Reload the page and send it again.")
    return error_response(request, status=403, code="csrf_failed", sentence=sentence)


def not_allowed(request: HttpRequest) -> HttpResponse:
    """Answer 405: the address exists and takes other methods."""
    return error_response(
        request, status=405, code="method_not_allowed", sentence=_("This address does not take such a request.")
    )


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Answer 429 where allauth's own limits are reached (its handler429)."""
    sentence = _("Too many attempts. Wait a moment, then try again.")
    return error_response(request, status=429, code="rate_limited", sentence=sentence)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404 (Django's handler404)."""
    return error_response(request, status=404, code="not_found", sentence=_("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 when the database or Redis failed outside of a view (Django's handler500)."""
    if is_outage(sys.exc_info()[1]):
        return refusal(request, UnavailableError())
    sentence = _("Something broke on our side. Nothing was lost; please try again.")
    return error_response(request, status=500, code="internal_error", sentence=sentence)


def _is_navigation(request: HttpRequest) -> bool:
    # A form that was sent into the main region gets a toast: a page would replace what was typed.
    return requested_target(request) == MAIN and request.method in SAFE_METHODS


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    can_repeat = request.method in SAFE_METHODS and context["status"] in {429, 500, 503}
    context |= {
        "error_frame": MAIN_REGION if requested_target(request) == MAIN else WHOLE_PAGE,
        "again_url": request.get_full_path() if can_repeat else "",
        "page": without_secrets(request.path),
    }
    try:
        return HttpResponse(_render(request, "error.html", context), status=context["status"])
    except Exception:  # the page that reports errors must not be one
        logger.exception("error_page_failed")
        return HttpResponse(render_to_string("503.html"), status=context["status"])


def _render(request: HttpRequest, template: str, context: dict[str, Any]) -> str:
    # Without the request: its context processors may ask the session or the database, which may be what is away.
    return render_to_string(template, context | site(request))


def _next_step(status: int, *, retry_after_seconds: int | None) -> str | Promise:
    if status == 429 and retry_after_seconds:
        minutes = -(-retry_after_seconds // 60)
        if minutes > 1:
            return ngettext("It works again in %d minute.", "It works again in %d minutes.", minutes) % minutes
        return ngettext("It works again in %d second.", "It works again in %d seconds.", retry_after_seconds) % (
            retry_after_seconds
        )
    return NEXT_STEPS.get(status, "")


def _problem(context: dict[str, object], field_errors: Sequence[FieldError]) -> JsonResponse:
    body = {
        "type": "about:blank",
        "title": str(context["code"]).replace("_", " "),
        "status": context["status"],
        "detail": str(context["sentence"]),
        "code": context["code"],
        "request_id": context["request_id"],
    }
    if field_errors:
        body["errors"] = list(field_errors)
    return JsonResponse(body, status=int(str(context["status"])), content_type="application/problem+json")
