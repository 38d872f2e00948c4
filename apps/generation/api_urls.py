"""Addresses of the REST API."""

from django.urls import path

from apps.generation import api

app_name = "api"
urlpatterns = [
    path("generations/", api.GenerationList.as_view(), name="generations"),
    path("generations/<uuid:generation_id>/", api.GenerationRead.as_view(), name="generation"),
    path("generations/<uuid:generation_id>/cancellation/", api.Cancellation.as_view(), name="cancellation"),
    path("balance/", api.Balance.as_view(), name="balance"),
]
