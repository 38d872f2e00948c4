"""Django's entry for the generation app."""

from django.apps import AppConfig


class GenerationConfig(AppConfig):
    """The workshop: turns a request into text."""

    name = "apps.generation"
    label = "generation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what the workshop knows about a person, and how long its queue is."""
        from apps.core.health import register_check  # noqa: PLC0415 - as in core
        from apps.core.personal_data import PersonalData, register  # noqa: PLC0415
        from apps.generation import personal_data, readiness  # noqa: PLC0415

        register("generation", PersonalData(export=personal_data.export, erase=personal_data.erase))
        register_check("queue", readiness.queue_is_short)
