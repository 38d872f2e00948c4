"""What a request may do while its sender acts as a customer: look around, and next to nothing else."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone

from apps.accounts import impersonation
from apps.accounts.impersonation import Impersonation, ImpersonationOverError, NotWhileImpersonatingError
from apps.accounts.middleware import UNATTENDED
from apps.accounts.time_zones import time_zone_or_utc
from apps.core import audit
from apps.core.db import system_scope
from apps.core.http import without_secrets
from apps.core.origin import impersonated_by
from apps.core.responses import refusal

PATH_LENGTH_MAX = 250
GetResponse = Callable[[HttpRequest], HttpResponse]
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# Here staff are themselves, with their own rights.
OF_STAFF = ("/admin/", "/insights/")
# By URL name. What is sent to any other address is refused: who adds one decides here whether staff may do it, too.
STAFF_MAY_SEND_TO = {
    "impersonation_ending",
    "account_logout",
    "settings:theme",
    "pages:dismiss_notice",
    "generation:estimate",
    "generation:cancellation",
}
# Not even to be looked at: the pages of a login show secrets, or act when they are opened.
CLOSED_PREFIX = "/accounts/"
# Nothing is learned or done here, so nothing is written down.
UNTOLD = {"impersonation_ending", "account_logout", "settings:theme"}


class ImpersonationMiddleware:
    """Put the customer in the place of the member of staff who acts as them, and write down each request.

    After everything that keeps sessions: those are the member of staff's own.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or request.path in UNATTENDED:
            return self.get_response(request)
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        acting = impersonation.find(request.session, staff=user)
        if acting is None:
            is_over = impersonation.end_if_over(request.session) and not request.path.startswith(OF_STAFF)
            return refusal(request, ImpersonationOverError()) if is_over else self.get_response(request)
        # For the banner, on the pages of staff too.
        request.impersonation = acting  # type: ignore[attr-defined]
        if request.path.startswith(OF_STAFF):
            return self.get_response(request)
        return self._answer_as_customer(request, acting)

    def _answer_as_customer(self, request: HttpRequest, acting: Impersonation) -> HttpResponse:
        request.user = acting.user
        zone = ZoneInfo(time_zone_or_utc(acting.user.time_zone))
        with timezone.override(zone), impersonated_by(f"user:{acting.staff.pk}"):
            name = _name_of(request)
            if not _is_allowed(request, name=name):
                response = refusal(request, NotWhileImpersonatingError())
            else:
                response = self.get_response(request)
            if name not in UNTOLD:
                _write_down(request, acting=acting, status=response.status_code)
        return response


def _is_allowed(request: HttpRequest, *, name: str) -> bool:
    if name in STAFF_MAY_SEND_TO:
        return True
    return request.method in SAFE_METHODS and not request.path.startswith(CLOSED_PREFIX)


def _name_of(request: HttpRequest) -> str:
    try:
        return resolve(request.path).view_name
    except Resolver404:
        return ""


def _write_down(request: HttpRequest, *, acting: Impersonation, status: int) -> None:
    user = f"user:{acting.user.pk}"
    told = {"method": request.method, "path": without_secrets(request.path)[:PATH_LENGTH_MAX], "status": status}
    with system_scope():
        audit.record(actor=user, action="impersonated_request", subject=user, **told)
