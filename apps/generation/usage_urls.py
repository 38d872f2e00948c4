"""Addresses of the usage page."""

from django.urls import path

from apps.generation import usage_views

app_name = "usage"
urlpatterns = [
    path("", usage_views.overview, name="overview"),
    path("export/", usage_views.export, name="export"),
    path("records/", usage_views.records, name="records"),
    path("forecast/", usage_views.forecast, name="forecast"),
]
