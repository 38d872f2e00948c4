"""Django's entries for the insights app: the app itself, and the admin as its house."""

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class InsightsConfig(AppConfig):
    """The founder's view: reads the floors below, writes nothing of theirs."""

    name = "apps.insights"
    label = "insights"
    default = True

    def ready(self) -> None:
        """Write the roles of staff after each migrate."""
        from apps.insights.staff_roles import write_roles  # noqa: PLC0415 - models are not loaded before ready()

        # Django tells apps without models nothing; the app with the audit log is migrated whenever roles matter.
        post_migrate.connect(write_roles, sender=apps.get_app_config("core"))


class StaffAdminConfig(admin_apps.AdminConfig):
    """Django's admin, opened by the overview."""

    default = False
    default_site = "apps.insights.site.StaffSite"
