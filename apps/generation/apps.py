"""Django's entry for the generation app."""

from django.apps import AppConfig


class GenerationConfig(AppConfig):
    """The workshop: turns a request into text."""

    name = "apps.generation"
    label = "generation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Refuse to start with a broken catalogue of models; register what the workshop knows and checks."""
        from apps.accounts.hooks import WorkspaceHooks  # noqa: PLC0415 - as in core
        from apps.accounts.hooks import register as register_hooks  # noqa: PLC0415
        from apps.core.health import register_check  # noqa: PLC0415
        from apps.core.personal_data import PersonalData, register  # noqa: PLC0415
        from apps.generation import (  # noqa: PLC0415
            catalogue,
            checks,  # noqa: F401 - registers itself
            member_allowances,
            personal_data,
            readiness,
            workspace_end,
        )

        catalogue.load()

        known = PersonalData(
            export=personal_data.export, erase=personal_data.erase, list_documents=personal_data.list_documents
        )
        register("generation", known)
        hooks = WorkspaceHooks(
            stop_work=workspace_end.stop_all,
            count_used=member_allowances.count_used_by_members,
            erase=workspace_end.erase,
        )
        register_hooks("generation", hooks)
        register_check("queue", readiness.queue_is_short)
