"""The front door: landing page, and allauth's pages with our own limits on what anyone may post to."""

from allauth.account import views as allauth_views
from django.urls import include, path, re_path

from apps.accounts import views
from apps.core.rate_limits import limited

urlpatterns = [
    path("", views.landing, name="landing"),
    path("accounts/signup/", limited(group="sign_up")(allauth_views.signup), name="account_signup"),
    path("accounts/login/", limited(group="login")(allauth_views.login), name="account_login"),
    path(
        "accounts/password/reset/",
        limited(group="password_reset")(allauth_views.password_reset),
        name="account_reset_password",
    ),
    re_path(r"^accounts/confirm-email/(?P<key>[-:\w]+)/$", views.confirm_email, name="account_confirm_email"),
    path("accounts/", include("allauth.account.urls")),
]
