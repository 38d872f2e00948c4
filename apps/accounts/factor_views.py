"""allauth's pages of the second factor, where they should do something else than allauth thinks."""

from typing import Any

from allauth.account import views as account_views
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.views import AddWebAuthnView, ReauthenticateWebAuthnView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from apps.core.db import system_scope


class SecondFactorView(AuthenticateView):  # type: ignore[misc]
    """The second step of a log-in; the page shows first what the person has."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add which of their factors there are."""
        kinds = set(Authenticator.objects.filter(user=self.stage.login.user).values_list("type", flat=True))
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "has_app": Authenticator.Type.TOTP in kinds,
            "has_passkey": Authenticator.Type.WEBAUTHN in kinds,
        }


class NewPasskeyView(AddWebAuthnView):  # type: ignore[misc]
    """A new passkey, which can always log in on its own."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Ask the device for a passkey that it keeps, and that checks who holds it."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "js_data": {"creation_options": auth.begin_registration(self.request.user, passwordless=True)}
        }


class ReauthenticatePasskeyView(ReauthenticateWebAuthnView):  # type: ignore[misc]
    """Who you are, proved by a passkey once more; what was wrong is said on the same page."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form))
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | kwargs


def confirm_login_code(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
    """Log in by a code; it also confirms the address, in one transaction with what others do on that."""
    with system_scope():
        response: HttpResponseBase = account_views.confirm_login_code(request, **kwargs)
        # Rendered here: what it shows of the person is read in the same scope.
        return response.render() if hasattr(response, "render") else response


def to_security(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Lead to the page that shows all ways to log in: allauth has an overview of its own here."""
    return redirect("settings:security")
