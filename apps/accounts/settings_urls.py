"""The addresses of a person's settings."""

from django.urls import path

from apps.accounts import settings_views as views

app_name = "settings"
urlpatterns = [
    path("", views.profile, name="profile"),
    path("workspace/", views.workspace, name="workspace"),
    path("preferences/", views.preferences, name="preferences"),
    path("theme/", views.theme, name="theme"),
    path("notifications/", views.notifications, name="notifications"),
    path("security/", views.security, name="security"),
    path("sessions/<int:session_id>/ending/", views.session_ending, name="session_ending"),
    path("other-sessions/ending/", views.other_sessions_ending, name="other_sessions_ending"),
]
