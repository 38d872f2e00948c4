"""Every error page, on a laptop: /dev/errors/404/ and so on."""

from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from apps.core import responses
from apps.core.errors import UnavailableError
from apps.core.rate_limits import RateLimitedError

ERRORS: dict[int, Callable[[HttpRequest], HttpResponse]] = {
    400: lambda request: responses.bad_request(request, ValueError()),
    403: responses.permission_denied,
    404: responses.not_found,
    405: responses.not_allowed,
    413: lambda request: responses.bad_request(request, RequestDataTooBig()),
    429: lambda request: responses.refusal(request, RateLimitedError(retry_after_seconds=40)),
    500: responses.server_error,
    503: lambda request: responses.refusal(request, UnavailableError()),
}


def show(request: HttpRequest, status: int) -> HttpResponse:
    """Answer with one error, as it would come."""
    if status not in ERRORS:
        raise Http404
    return ERRORS[status](request)


urlpatterns = [path("<int:status>/", show, name="error")]
