"""Django's entry for the usage app."""

from django.apps import AppConfig


class UsageConfig(AppConfig):
    """The meter: rates, usage records, rollups."""

    name = "apps.usage"
    label = "usage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Refuse to start with a broken catalogue of rates, and register what usage knows about a person."""
        from apps.core.personal_data import PersonalData, register  # noqa: PLC0415 - as in core
        from apps.usage import personal_data, rates  # noqa: PLC0415

        rates.load_catalogue()
        register("usage", PersonalData(export=personal_data.export, erase=personal_data.erase))
