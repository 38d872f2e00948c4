"""The addresses of second factors, passkeys and connected accounts; allauth finds them by their names."""

from allauth.account.internal.decorators import login_not_required
from allauth.mfa.base import views as mfa_views
from allauth.mfa.recovery_codes import views as codes_views
from allauth.mfa.totp import views as app_views
from allauth.mfa.webauthn import views as passkey_views
from allauth.socialaccount import views as social_views
from allauth.socialaccount.providers.github import views as github_views
from allauth.socialaccount.providers.google import views as google_views
from django.urls import path
from django.views.decorators.cache import never_cache

from apps.accounts import factor_views as views
from apps.accounts.access import View, recently_authenticated, workspace_required
from apps.core.even_time import evenly_timed
from apps.core.rate_limits import limited


def guarded(view: View) -> View:
    """Return a page of the settings that asks again who somebody is, and that no cache keeps."""
    return never_cache(workspace_required(recently_authenticated(view)))


def counted(view: View) -> View:
    """Return a page on which a factor can be guessed, with a limit per address."""
    return limited(group="second_factor")(view)


urlpatterns = [
    path("two-factor/", workspace_required(views.to_security), name="mfa_index"),
    path("two-factor/authentication/", counted(views.SecondFactorView.as_view()), name="mfa_authenticate"),
    path("two-factor/reauthentication/", counted(mfa_views.reauthenticate), name="mfa_reauthenticate"),
    path("authenticator-app/", guarded(app_views.activate_totp), name="mfa_activate_totp"),
    path("authenticator-app/removal/", guarded(app_views.deactivate_totp), name="mfa_deactivate_totp"),
    path("recovery-codes/", guarded(codes_views.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("recovery-codes/new/", guarded(codes_views.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("passkeys/", workspace_required(views.to_security), name="mfa_list_webauthn"),
    path("passkeys/new/", guarded(views.NewPasskeyView.as_view()), name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/name/", guarded(passkey_views.edit_webauthn), name="mfa_edit_webauthn"),
    path("passkeys/<int:pk>/removal/", guarded(passkey_views.remove_webauthn), name="mfa_remove_webauthn"),
    path("passkeys/login/", counted(passkey_views.login_webauthn), name="mfa_login_webauthn"),
    path(
        "passkeys/reauthentication/",
        counted(views.ReauthenticatePasskeyView.as_view()),
        name="mfa_reauthenticate_webauthn",
    ),
    path("connections/", guarded(social_views.connections), name="socialaccount_connections"),
    path(
        "connections/signup/", limited(group="sign_up")(evenly_timed(social_views.signup)), name="socialaccount_signup"
    ),
    path("connections/canceled/", social_views.login_cancelled, name="socialaccount_login_cancelled"),
    path("connections/error/", login_not_required(social_views.login_error), name="socialaccount_login_error"),
    path("google/login/", limited(group="login")(google_views.oauth2_login), name="google_login"),
    path("google/login/callback/", google_views.oauth2_callback, name="google_callback"),
    path("github/login/", limited(group="login")(github_views.oauth2_login), name="github_login"),
    path("github/login/callback/", github_views.oauth2_callback, name="github_callback"),
]
