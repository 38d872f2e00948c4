"""Addresses of the counting house."""

from django.urls import path

from apps.billing import views, webhooks

app_name = "billing"
urlpatterns = [
    path("billing/", views.overview, name="overview"),
    path("webhooks/stripe/", webhooks.stripe_webhook, name="stripe_webhook"),
]
