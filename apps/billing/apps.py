"""Django's entry for the billing app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BillingConfig(AppConfig):
    """The counting house: credit accounts, the ledger, holds, grants."""

    name = "apps.billing"
    label = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to what Django and allauth announce, and register what billing knows about a person."""
        from apps.billing import personal_data, receivers  # noqa: F401, PLC0415 - as in core
        from apps.billing.privileges import grant_ledger_functions  # noqa: PLC0415
        from apps.core.personal_data import PersonalData, register  # noqa: PLC0415

        register("billing", PersonalData(export=personal_data.export, erase=personal_data.erase))
        post_migrate.connect(grant_ledger_functions, sender=self)
