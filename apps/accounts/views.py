"""The confirmation of an address, and the page of those whose account is suspended."""

from allauth.account import views as allauth_views
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.core.db import system_scope


def confirm_email(request: HttpRequest, key: str) -> HttpResponseBase:
    """Confirm an address, in one transaction with what others do on it: if the grant fails, the link stays good."""
    with system_scope():
        response: HttpResponseBase = allauth_views.confirm_email(request, key=key)
    return response


@require_safe
def suspended(request: HttpRequest) -> HttpResponse:
    """Say why somebody with the right password is not let in; it says nothing about any one account."""
    return render(request, "account/account_suspended.html")
