"""Django's entry for the accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who you are: users, workspaces, memberships."""

    name = "apps.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what accounts knows about a person."""
        from apps.accounts import personal_data  # noqa: PLC0415 - models are not loaded before ready()
        from apps.core.personal_data import PersonalData, register  # noqa: PLC0415

        register("accounts", PersonalData(export=personal_data.export, erase=personal_data.erase))
