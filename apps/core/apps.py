"""Django's entry for the core app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    """The floor boards: no domain word at all."""

    name = "apps.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to what Django announces."""
        from apps.core import checks  # noqa: F401, PLC0415 - models are not loaded before ready()
        from apps.core.privileges import grant_app_role  # noqa: PLC0415
        from apps.core.row_security import secure_rows  # noqa: PLC0415
        from apps.core.sql_comments import comment_statements  # noqa: PLC0415

        post_migrate.connect(grant_app_role, sender=self)
        post_migrate.connect(secure_rows, sender=self)
        connection_created.connect(comment_statements)
