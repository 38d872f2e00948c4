"""What every REST address shares: JSON bodies with limits, a session as the login, and problem+json for every error."""

import io
from collections.abc import Mapping
from typing import Any

from django.conf import settings
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


class BodyTooLargeError(DomainError):
    """A JSON body is larger than any form of ours may be."""

    code = "too_large"
    status = 413
    sentence = _("This is too large to send at once.")


class CSRFFailedError(DomainError):
    """A write came with a session, but without the CSRF token that only our own pages know."""

    code = "csrf_failed"
    status = 403
    sentence = _("This request needs a CSRF token.")


class BoundedJSONParser(JSONParser):
    """JSON objects up to DATA_UPLOAD_MAX_MEMORY_SIZE bytes: the framework's own parser reads whatever comes."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the object. Raises ParseError for anything else and BodyTooLargeError."""
        largest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(largest + 1)
        if len(body) > largest:
            raise BodyTooLargeError
        try:
            parsed = super().parse(io.BytesIO(body), media_type, dict(parser_context or {}))
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
