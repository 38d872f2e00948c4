"""Addresses of the counting house."""

from django.urls import path

from apps.billing import views

app_name = "billing"
urlpatterns = [
    path("billing/", views.overview, name="overview"),
    path("pricing/", views.pricing, name="pricing"),
]
