"""Logging in with an account elsewhere: who may, and what such a person gets on the way in."""

from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from django.conf import settings
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts import services, sign_up
from apps.accounts.models import User
from apps.core.db import system_scope
from apps.core.text import storable


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Knows the providers of the settings alone, and one address per person.

    Nobody gets into an account that is there because a provider says that its address is theirs: they log in, and
    connect the two.
    """

    error_messages = DefaultSocialAccountAdapter.error_messages | {
        "no_password": _("Choose a password first: this is your only way to log in."),
    }

    def list_apps(self, request: Any, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        """Return what is configured. allauth also looks into a table that nobody fills, for every page of a log-in."""
        configured: dict[str, Any] = settings.SOCIALACCOUNT_PROVIDERS
        return [
            SocialApp(provider=name, name=name, **app)
            for name, known in configured.items()
            for app in known["APPS"]
            if provider in (None, name) and client_id in (None, app["client_id"])
        ]

    def get_app(self, request: Any, provider: Any, client_id: Any = None) -> SocialApp:
        """Return the app of a provider. Raises Http404 for one that is not configured."""
        apps = self.list_apps(request, provider=provider, client_id=client_id)
        if not apps:
            raise Http404(f"{provider} is not configured.")
        return apps[0]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Tell whether a newcomer can make an account with the address that the provider names, or names none."""
        return sign_up.admits(request, email=sociallogin.user.email or "")

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Keep one address of a newcomer: confirmed by the provider if there is one, and their main one if it is."""
        if sociallogin.is_existing or not sociallogin.email_addresses:
            return
        best = max(sociallogin.email_addresses, key=lambda address: (address.verified, address.primary))
        best.email, best.primary = best.email.lower(), True
        sociallogin.email_addresses = [best]
        sociallogin.user.email = best.email

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """Call a newcomer what the provider calls them."""
        user: User = super().populate_user(request, sociallogin, data)
        parts = [data.get("first_name"), data.get("last_name")]
        user.name = storable(str(data.get("name") or " ".join(filter(None, parts))))[:150]
        return user

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Save user, address, workspace and connection, all or none; a confirmed address counts as confirmed here.

        Raises SignUpClosedError for whom the mode of sign-up does not let in.
        """
        with system_scope():
            sign_up.require_admitted(request, email=form.cleaned_data["email"] if form else sociallogin.user.email)
            user: User = super().save_user(request, sociallogin, form)
            services.ensure_personal_workspace(user=user)
            sign_up.complete(request, user=user)
        return user

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: SocialAccount) -> str:
        """Go back to where the button was."""
        return reverse("settings:security")
