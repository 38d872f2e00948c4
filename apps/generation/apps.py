"""Django's entry for the generation app."""

from django.apps import AppConfig


class GenerationConfig(AppConfig):
    """The workshop: turns a request into text."""

    name = "apps.generation"
    label = "generation"
    default_auto_field = "django.db.models.BigAutoField"
