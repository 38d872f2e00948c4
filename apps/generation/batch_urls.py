"""Addresses of batches."""

from django.urls import path

from apps.core.rate_limits import limited
from apps.generation import batch_action_views, batch_views

urlpatterns = [
    path("", limited(group="uploads", by_user=True)(batch_views.batch_list), name="batches"),
    path("new/", batch_views.new, name="batch_new"),
    path("sample/", batch_views.sample, name="batch_sample"),
    path("<uuid:batch_id>/", batch_views.detail, name="batch"),
    path("<uuid:batch_id>/download/", batch_views.download, name="batch_download"),
    path("<uuid:batch_id>/start/", batch_action_views.start, name="batch_start"),
    path("<uuid:batch_id>/pause/", batch_action_views.pause, name="batch_pause"),
    path("<uuid:batch_id>/resumption/", batch_action_views.resumption, name="batch_resumption"),
    path("<uuid:batch_id>/retries/", batch_action_views.retries, name="batch_retries"),
    path("<uuid:batch_id>/cancellation/", batch_action_views.cancellation, name="batch_cancellation"),
    path("<uuid:batch_id>/deletion/", batch_action_views.deletion, name="batch_deletion"),
]
