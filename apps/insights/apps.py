"""Django's entries for the insights app: the app itself, and the admin as its house."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class InsightsConfig(AppConfig):
    """The founder's view: reads the floors below, writes nothing of theirs."""

    name = "apps.insights"
    label = "insights"
    default = True


class StaffAdminConfig(admin_apps.AdminConfig):
    """Django's admin, opened by the overview."""

    default = False
    default_site = "apps.insights.site.StaffSite"
