"""The addresses of a person's settings."""

from django.urls import path

from apps.accounts import member_views, privacy_views, team_views
from apps.accounts import settings_views as views
from apps.core.rate_limits import limited

app_name = "settings"
urlpatterns = [
    path("", views.profile, name="profile"),
    path("workspace/", views.workspace, name="workspace"),
    path("workspace/team/", team_views.team, name="team"),
    path("workspace/departure/", team_views.departure, name="departure"),
    path("workspace/ownership/", team_views.ownership, name="ownership"),
    path("workspace/deletion/", team_views.deletion, name="workspace_deletion"),
    path("workspaces/", limited(group="teams", by_user=True)(team_views.overview), name="workspaces"),
    path("workspaces/<uuid:workspace_id>/choice/", team_views.choice, name="workspace_choice"),
    path("workspaces/<uuid:deleted_id>/restoration/", team_views.restoration, name="workspace_restoration"),
    path(
        "workspaces/invitations/<uuid:invitation_id>/acceptance/",
        team_views.invitation_acceptance,
        name="invitation_acceptance",
    ),
    path("members/", member_views.overview, name="members"),
    path("members/<int:membership_id>/role/", member_views.role, name="member_role"),
    path("members/<int:membership_id>/allowance/", member_views.allowance, name="member_allowance"),
    path("members/<int:membership_id>/removal/", member_views.removal, name="member_removal"),
    path("invitations/", limited(group="invitations", by_user=True)(member_views.invite), name="invitations"),
    path(
        "invitations/<uuid:invitation_id>/resending/",
        limited(group="invitations", by_user=True)(member_views.invitation_resending),
        name="invitation_resending",
    ),
    path(
        "invitations/<uuid:invitation_id>/revocation/",
        member_views.invitation_revocation,
        name="invitation_revocation",
    ),
    path("activity/", member_views.acts, name="activity"),
    path("preferences/", views.preferences, name="preferences"),
    path("theme/", views.theme, name="theme"),
    path("notifications/", views.notifications, name="notifications"),
    path("security/", views.security, name="security"),
    path("data/", privacy_views.data, name="data"),
    path("data/exports/", limited(group="exports", by_user=True)(privacy_views.data_export), name="data_export"),
    path("data/exports/<str:slug>/", privacy_views.data_export_file, name="data_export_file"),
    path("data/provider-consent/", privacy_views.provider_consent, name="provider_consent"),
    path("account/deletion/", privacy_views.account_deletion, name="account_deletion"),
    path("sessions/<int:session_id>/ending/", views.session_ending, name="session_ending"),
    path("other-sessions/ending/", views.other_sessions_ending, name="other_sessions_ending"),
]
