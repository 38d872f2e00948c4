"""Addresses of the API keys, among a person's settings: their page asks the plan, which accounts does not know."""

from django.urls import path

from apps.generation import key_views

app_name = "api_keys"
urlpatterns = [
    path("", key_views.keys, name="keys"),
    path("<uuid:key_id>/revocation/", key_views.revocation, name="revocation"),
]
