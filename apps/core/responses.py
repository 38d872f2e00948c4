"""Refusals and failures as answers: a page, a toast for HTMX, or problem+json for a program."""

import sys
from collections.abc import Sequence
from typing import TypedDict

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from apps.core.errors import DomainError, UnavailableError, is_outage
from apps.core.http import wants_json
from apps.core.request_id import current_request_id


class FieldError(TypedDict):
    """Why one field of a program's request was refused; `code` is stable."""

    field: str
    code: str
    detail: str


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Render an anticipated refusal with its own code, sentence and status."""
    return error_response(
        request,
        status=error.status,
        code=error.code,
        sentence=error.sentence,
        retry_after_seconds=error.retry_after_seconds,
    )


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
    if wants_json(request):
        response: HttpResponse = _problem(context, field_errors)
    elif getattr(request, "htmx", False):
        response = render(request, "components/toast.html", context | {"level": "error"}, status=status)
        response["HX-Retarget"] = "#toasts"
        response["HX-Reswap"] = "beforeend"
    else:
        response = render(request, "error.html", context, status=status)
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


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404 (Django's handler404)."""
    return error_response(request, status=404, code="not_found", sentence=_("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 when the database or Redis failed outside of a view (Django's handler500)."""
    if is_outage(sys.exc_info()[1]):
        return refusal(request, UnavailableError())
    sentence = _("Something broke on our side. Nothing was lost; please try again.")
    return error_response(request, status=500, code="internal_error", sentence=sentence)


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
