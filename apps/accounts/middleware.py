"""What the product does for a logged-in person on every request: their time zone, and the list of their sessions."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from apps.accounts import sessions
from apps.accounts.time_zones import time_zone_or_utc

GetResponse = Callable[[HttpRequest], HttpResponse]
# Asked by the platform, also while the database is away: nobody's session is read there.
UNATTENDED = {"/healthz", "/readyz"}


class PersonMiddleware:
    """Show times in the person's own zone, and note that their session is in use."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or request.path in UNATTENDED:
            return self.get_response(request)
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        sessions.note_session(request=request, user=user)
        with timezone.override(ZoneInfo(time_zone_or_utc(user.time_zone))):
            return self.get_response(request)
