"""Addresses of the workshop. The stream itself is an ASGI door (see sse.py); its URL name lives here for templates."""

from django.urls import include, path

from apps.core.rate_limits import limited
from apps.generation import conversation_views, export_views, feedback_views, library_views, quota_views, views

app_name = "generation"
urlpatterns = [
    path("", views.generations, name="list"),
    path("new/", views.new, name="new"),
    path("estimate/", views.estimate, name="estimate"),
    path("batches/", include("apps.generation.batch_urls")),
    path("quotas/", quota_views.quotas_page, name="quotas"),
    path("<uuid:generation_id>/", views.detail, name="detail"),
    path("<uuid:generation_id>/cancellation/", views.cancellation, name="cancellation"),
    path("deletions/", library_views.deletions, name="deletions"),
    path("restorations/", library_views.restorations, name="restorations"),
    path("<uuid:generation_id>/deletion/", library_views.deletion, name="deletion"),
    path("<uuid:generation_id>/restoration/", library_views.restoration, name="restoration"),
    path("<uuid:generation_id>/markdown/", views.markdown, name="markdown"),
    path("<uuid:generation_id>/html/", export_views.html, name="html"),
    path("<uuid:generation_id>/variants/", conversation_views.variants, name="variants"),
    path("<uuid:generation_id>/feedback/", feedback_views.verdict, name="feedback"),
    path("<uuid:generation_id>/position/", feedback_views.position, name="position"),
    path(
        "<uuid:generation_id>/share-links/",
        limited(group="share_links", by_user=True)(export_views.share_links),
        name="share_links",
    ),
    path("share-links/<uuid:link_id>/revocation/", export_views.revocation, name="revocation"),
]
