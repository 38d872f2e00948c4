"""Addresses of the meter."""

from django.urls import path

from apps.usage import views

app_name = "usage"
urlpatterns = [
    path("usage/", views.usage_page, name="overview"),
    path("usage/export/", views.export, name="export"),
]
