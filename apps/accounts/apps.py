"""Django's entries for the accounts app, and for allauth's list of sessions."""

from allauth.usersessions.apps import UserSessionsConfig as AllauthUserSessionsConfig
from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who you are: users, workspaces, memberships."""

    name = "apps.accounts"
    label = "accounts"
    default = True
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to logins, and register what accounts knows about a person."""
        # Models are not loaded before ready().
        from apps.accounts import checks, personal_data, receivers  # noqa: F401, PLC0415
        from apps.core.personal_data import PersonalData, register  # noqa: PLC0415

        register(
            "accounts",
            PersonalData(
                export=personal_data.export,
                erase=personal_data.erase,
                require_erasable=personal_data.require_erasable,
            ),
        )


class UserSessionsConfig(AllauthUserSessionsConfig):  # type: ignore[misc]
    """allauth's table of sessions; kept by our sessions.py, as its own way reads all of a person's at every login."""

    default = False

    def ready(self) -> None:
        """Connect nothing."""
