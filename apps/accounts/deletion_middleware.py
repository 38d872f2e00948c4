"""Who has asked to be deleted and logs in sees one page, with the way back and the way out."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve

from apps.accounts.deletion import AccountEndingError
from apps.accounts.middleware import UNATTENDED
from apps.core.http import wants_json
from apps.core.responses import refusal

GetResponse = Callable[[HttpRequest], HttpResponse]
# By URL name: that page, what it leads to, and what anybody may read.
OPEN = {
    "account_ending",
    "account_keeping",
    "account_logout",
    "settings:theme",
    "pages:ai",
    "pages:contact",
    "pages:contact_thanks",
    "pages:cookies",
    "pages:help",
    "pages:imprint",
    "pages:privacy",
    "pages:terms",
}


class DeletionMiddleware:
    """Keep everything else closed to who is going to be deleted; after the impersonation, which never acts as them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or request.path in UNATTENDED:
            return self.get_response(request)
        user = request.user
        if not user.is_authenticated or user.deletion_due_at is None or _name_of(request) in OPEN:
            return self.get_response(request)
        if request.method in {"GET", "HEAD"} and not wants_json(request) and not getattr(request, "htmx", False):
            return redirect("account_ending")
        return refusal(request, AccountEndingError())


def _name_of(request: HttpRequest) -> str:
    try:
        return resolve(request.path).view_name
    except Resolver404:
        return ""
