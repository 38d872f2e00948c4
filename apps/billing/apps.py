"""Django's entry for the billing app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BillingConfig(AppConfig):
    """The counting house: credit accounts, the ledger, holds, grants."""

    name = "apps.billing"
    label = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Refuse to start with a broken plans.yaml, listen to Django and allauth, register what billing knows."""
        from apps.accounts.hooks import WorkspaceHooks  # noqa: PLC0415 - as in core
        from apps.accounts.hooks import register as register_hooks  # noqa: PLC0415
        from apps.billing import (  # noqa: PLC0415
            catalogue,
            erasing,
            personal_data,
            receivers,  # noqa: F401
            seats,  # noqa: F401
            workspace_end,
        )
        from apps.billing.privileges import grant_ledger_functions  # noqa: PLC0415
        from apps.core.personal_data import PersonalData, register  # noqa: PLC0415

        catalogue.load_catalogue()
        register("billing", PersonalData(export=personal_data.export, erase=personal_data.erase))
        hooks = WorkspaceHooks(
            require_deletable=workspace_end.require_no_renewal,
            tell_end=workspace_end.tell_end,
            erase=erasing.erase_customer,
        )
        register_hooks("billing", hooks)
        post_migrate.connect(grant_ledger_functions, sender=self)
