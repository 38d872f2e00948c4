"""Django's entry for the usage app."""

from django.apps import AppConfig


class UsageConfig(AppConfig):
    """The meter: rates, usage records, rollups."""

    name = "apps.usage"
    label = "usage"
    default_auto_field = "django.db.models.BigAutoField"
