"""Addresses of the workshop. The stream itself is an ASGI door (see sse.py); its URL name lives here for templates."""

from django.urls import path

from apps.generation import library_views, quota_views, views

app_name = "generation"
urlpatterns = [
    path("", views.generations, name="list"),
    path("new/", views.new, name="new"),
    path("estimate/", views.estimate, name="estimate"),
    path("quotas/", quota_views.quotas_page, name="quotas"),
    path("<uuid:generation_id>/", views.detail, name="detail"),
    path("<uuid:generation_id>/cancellation/", views.cancellation, name="cancellation"),
    path("deletions/", library_views.deletions, name="deletions"),
    path("restorations/", library_views.restorations, name="restorations"),
    path("<uuid:generation_id>/deletion/", library_views.deletion, name="deletion"),
    path("<uuid:generation_id>/restoration/", library_views.restoration, name="restoration"),
    path("<uuid:generation_id>/markdown/", views.markdown, name="markdown"),
]
