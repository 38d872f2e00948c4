"""What every REST address shares: JSON objects, a session as the login, and problem+json for every error."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.authentication import SessionAuthentication
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from apps.core import responses
from apps.core.errors import DomainError
from apps.core.responses import FieldError


class InvalidInputError(DomainError):
    """Some fields of a request cannot be accepted; `field_errors` says which and why."""

    code = "invalid_input"
    status = 422
    sentence = _("Some fields need your attention.")

    def __init__(self, field_errors: list[FieldError]) -> None:
        self.field_errors = field_errors
        super().__init__()


class CSRFFailedError(DomainError):
    """A write came with a session, but without the CSRF token that only our own pages know."""

    code = "csrf_failed"
    status = 403
    sentence = _("This request needs a CSRF token.")


class ObjectParser(JSONParser):
    """JSON objects, however deep they are nested; Django limits their size before they come here."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the object. Raises ParseError for anything else."""
        try:
            parsed = super().parse(stream, media_type, dict(parser_context or {}))
        except RecursionError:
            raise exceptions.ParseError from None
        if not isinstance(parsed, dict):
            raise exceptions.ParseError
        return parsed


class SessionLogin(SessionAuthentication):
    """The browser's session, CSRF check included; who is not logged in gets a 401 and not a 403."""

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of the 401."""
        return "Session"

    def enforce_csrf(self, request: Request) -> None:
        """Check the CSRF token. Raises CSRFFailedError."""
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied:
            raise CSRFFailedError from None


def exception_handler(exception: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Answer what a REST view raised in problem+json; None lets an outage or a bug go on to the middleware."""
    request = context["request"]._request
    if isinstance(exception, InvalidInputError):
        return responses.error_response(
            request,
            status=exception.status,
            code=exception.code,
            sentence=exception.sentence,
            field_errors=exception.field_errors,
        )
    if isinstance(exception, DomainError):
        return responses.refusal(request, exception)
    if isinstance(exception, Http404):
        return responses.not_found(request, exception)
    if isinstance(exception, exceptions.APIException):
        return _framework_refusal(exception, request=request, methods=context["view"].allowed_methods)
    return None


def _framework_refusal(exception: exceptions.APIException, *, request: HttpRequest, methods: list[str]) -> HttpResponse:
    """Answer what the framework refuses by itself: no login, another method, another content type, broken JSON."""
    response = responses.error_response(
        request, status=exception.status_code, code=exception.default_code, sentence=str(exception.detail)
    )
    if exception.status_code == status.HTTP_401_UNAUTHORIZED:
        response["WWW-Authenticate"] = getattr(exception, "auth_header", "")
    if exception.status_code == status.HTTP_405_METHOD_NOT_ALLOWED:
        response["Allow"] = ", ".join(methods)
    return response
