"""The front door: allauth's pages with our own limits on what anyone may post to."""

from allauth.account import views as allauth_views
from django.urls import include, path, re_path, reverse_lazy

from apps.accounts import (
    factor_views,
    impersonation_views,
    invitation_views,
    privacy_views,
    verification_views,
    views,
    waitlist_views,
)
from apps.accounts.access import recently_authenticated, workspace_required
from apps.core.even_time import evenly_timed
from apps.core.rate_limits import limited

urlpatterns = [
    path("accounts/signup/", limited(group="sign_up")(evenly_timed(allauth_views.signup)), name="account_signup"),
    path("accounts/login/", limited(group="login")(evenly_timed(allauth_views.login)), name="account_login"),
    path(
        "accounts/password/reset/",
        limited(group="password_reset")(evenly_timed(allauth_views.password_reset)),
        name="account_reset_password",
    ),
    path(
        "accounts/login/code/",
        limited(group="login_code")(evenly_timed(allauth_views.request_login_code)),
        name="account_request_login_code",
    ),
    path(
        "accounts/login/code/confirm/",
        limited(group="login_code")(factor_views.confirm_login_code),
        name="account_confirm_login_code",
    ),
    path(
        "accounts/reauthenticate/",
        limited(group="second_factor")(allauth_views.reauthenticate),
        name="account_reauthenticate",
    ),
    path("accounts/confirm-email/", verification_views.verification_sent, name="account_email_verification_sent"),
    path(
        "accounts/confirm-email/mails/",
        limited(group="verification_mail")(verification_views.verification_mails),
        name="account_verification_mails",
    ),
    path(
        "accounts/password/change/",
        workspace_required(allauth_views.PasswordChangeView.as_view(success_url=reverse_lazy("settings:security"))),
        name="account_change_password",
    ),
    path(
        "accounts/password/set/",
        workspace_required(
            recently_authenticated(allauth_views.PasswordSetView.as_view(success_url=reverse_lazy("settings:security")))
        ),
        name="account_set_password",
    ),
    path("accounts/email/", workspace_required(recently_authenticated(allauth_views.email)), name="account_email"),
    re_path(r"^accounts/confirm-email/(?P<key>[-:\w]+)/$", views.confirm_email, name="account_confirm_email"),
    path("accounts/suspended/", views.suspended, name="account_suspended"),
    path("accounts/ending/", privacy_views.ending, name="account_ending"),
    path("accounts/ending/keeping/", privacy_views.keeping, name="account_keeping"),
    path("accounts/", include("apps.accounts.factor_urls")),
    path("accounts/", include("allauth.account.urls")),
    path("impersonation/ending/", impersonation_views.ending, name="impersonation_ending"),
    path("invitations/", invitation_views.waiting, name="invitation_waiting"),
    path("invitations/acceptance/", invitation_views.acceptance, name="invitation_joining"),
    path("invitations/<str:secret>/", invitation_views.follow, name="invitation"),
    path("waitlist/", limited(group="waitlist")(evenly_timed(waitlist_views.join)), name="waitlist"),
    path("waitlist/sent/", waitlist_views.sent, name="waitlist_sent"),
    path("waitlist/confirmation/<str:secret>/", waitlist_views.confirmation, name="waitlist_confirmation"),
    path("waitlist/leaving/<str:secret>/", waitlist_views.leaving, name="waitlist_leaving"),
    path("waitlist/invitation/<str:secret>/", waitlist_views.invitation, name="waitlist_invitation"),
    path("settings/", include("apps.accounts.settings_urls")),
]
