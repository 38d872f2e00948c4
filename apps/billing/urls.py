"""Addresses of the counting house."""

from django.urls import path

from apps.billing import checkout_views, spending_views, views, webhooks
from apps.core.rate_limits import limited

app_name = "billing"
urlpatterns = [
    path("billing/", views.overview, name="overview"),
    path(
        "billing/checkout-sessions/",
        limited(group="checkout", by_user=True)(checkout_views.checkout_sessions),
        name="checkout_sessions",
    ),
    path("billing/checkout-sessions/<uuid:session_id>/", checkout_views.checkout_session, name="checkout_session"),
    path("billing/receipts/<uuid:payment_id>/", views.receipt, name="receipt"),
    path("billing/spending/", spending_views.spending_rules, name="spending"),
    path(
        "billing/portal-sessions/",
        limited(group="checkout", by_user=True)(checkout_views.portal_sessions),
        name="portal_sessions",
    ),
    path("webhooks/stripe/", webhooks.stripe_webhook, name="stripe_webhook"),
]
