"""The landing page, and the confirmation of an address."""

from allauth.account import views as allauth_views
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from apps.core.db import system_scope


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Show what the product is; who is logged in goes straight to work."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/landing.html")


def confirm_email(request: HttpRequest, key: str) -> HttpResponseBase:
    """Confirm an address, in one transaction with what others do on it: if the grant fails, the link stays good."""
    with system_scope():
        response: HttpResponseBase = allauth_views.confirm_email(request, key=key)
    return response
