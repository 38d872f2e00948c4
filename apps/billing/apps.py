"""Django's entry for the billing app."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """The counting house: credit accounts, the ledger, holds, grants."""

    name = "apps.billing"
    label = "billing"
    default_auto_field = "django.db.models.BigAutoField"
