"""Addresses of the API keys, among a person's settings: their page asks the plan, which accounts does not know."""

from django.urls import path

from apps.core.rate_limits import limited
from apps.generation import key_views

app_name = "api_keys"
urlpatterns = [
    path("", limited(group="api_keys", by_user=True)(key_views.keys), name="keys"),
    path("<uuid:key_id>/revocation/", key_views.revocation, name="revocation"),
]
