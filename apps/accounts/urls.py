"""The front door: landing page, and allauth's pages with our own limits on what anyone may post to."""

from allauth.account import views as allauth_views
from django.conf import settings
from django.urls import include, path, re_path

from apps.accounts import views
from apps.core.rate_limits import View, limited


def _limited(view: View, *, group: str) -> View:
    return limited(group=group, rate=settings.RATE_LIMITS[group])(view)


urlpatterns = [
    path("", views.landing, name="landing"),
    path("accounts/signup/", _limited(allauth_views.signup, group="sign_up"), name="account_signup"),
    path("accounts/login/", _limited(allauth_views.login, group="login"), name="account_login"),
    path(
        "accounts/password/reset/",
        _limited(allauth_views.password_reset, group="password_reset"),
        name="account_reset_password",
    ),
    re_path(r"^accounts/confirm-email/(?P<key>[-:\w]+)/$", views.confirm_email, name="account_confirm_email"),
    path("accounts/", include("allauth.account.urls")),
]
