"""Typed requests, and facts read off a request."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest as DjangoHttpRequest
from django_htmx.middleware import HtmxDetails

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from apps.accounts.models import User, Workspace


class HttpRequest(DjangoHttpRequest):
    """Any request: what our middleware put on it."""

    htmx: HtmxDetails
    request_id: str
    user: "User | AnonymousUser"


class WorkspaceHttpRequest(HttpRequest):
    """A request of a logged-in user who acts in a workspace."""

    user: "User"
    workspace: "Workspace"


def client_address(request: DjangoHttpRequest) -> str:
    """Return the caller's address, believing only the last TRUSTED_PROXY_COUNT entries of X-Forwarded-For."""
    proxies = settings.TRUSTED_PROXY_COUNT
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if proxies and len(forwarded) >= proxies:
        return str(forwarded[-proxies])
    return str(request.META.get("REMOTE_ADDR", ""))


def wants_json(request: DjangoHttpRequest) -> bool:
    """Tell whether a program is asking: an API address, or JSON preferred over HTML."""
    return request.path.startswith(("/api/", "/v1/")) or not request.accepts("text/html")
