"""The way back from acting as a customer."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.accounts import impersonation


@require_POST
def ending(request: HttpRequest) -> HttpResponse:
    """Stop acting as a customer, and lead back to their page in the admin."""
    user_id = impersonation.stop(request.session)
    if user_id is None:
        return redirect("account_login")
    return redirect(reverse("admin:accounts_user_change", args=[user_id]))
