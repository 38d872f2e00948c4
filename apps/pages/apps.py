"""Django's entry for the pages app."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """The public face: what anybody may read, and how they write to us."""

    name = "apps.pages"
    label = "pages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what people wrote to us, and look for gaps in the legal pages."""
        from apps.core.personal_data import PersonalData, register  # noqa: PLC0415 - as in core
        from apps.pages import checks, personal_data  # noqa: F401, PLC0415

        register("pages", PersonalData(export=personal_data.export, erase=personal_data.erase))
