"""The confirmation of an address."""

from allauth.account import views as allauth_views
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.core.db import system_scope


def confirm_email(request: HttpRequest, key: str) -> HttpResponseBase:
    """Confirm an address, in one transaction with what others do on it: if the grant fails, the link stays good."""
    with system_scope():
        response: HttpResponseBase = allauth_views.confirm_email(request, key=key)
    return response
