"""What `manage.py migrate` and `manage.py check --deploy --database owner` look at beside Django's own checks."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

# The domain of every login that seed_demo makes; the passwords are in the documents.
SEEDED_DOMAIN = "@keel.local"


@register(Tags.database)
def find_seeded_logins(databases: Sequence[str] | None = None, **options: Any) -> list[CheckMessage]:
    """Refuse logins with passwords that everybody knows, outside of development."""
    if settings.ENVIRONMENT == "development":
        return []
    logins = sorted({email for alias in databases or [] for email in _seeded_emails(alias)})
    if not logins:
        return []
    hint = "Delete them, or deactivate them in the admin: their passwords are public."
    return [Error(f"This database has logins of bin/dev: {', '.join(logins)}.", hint=hint, id="keel.E001")]


@register(Tags.database)
def find_powerful_role(databases: Sequence[str] | None = None, **options: Any) -> list[CheckMessage]:
    """Refuse an app role that is bound neither by its rights nor by row-level security, and only seems to be."""
    if not databases:
        return []
    role = connections["default"].settings_dict["USER"]
    hint = (
        "Set MIGRATION_DATABASE_URL to a role of its own, which owns the database; DATABASE_URL to one that owns"
        " nothing and has no special powers."
    )
    if role == connections["owner"].settings_dict["USER"]:
        return [Error("The app connects as the owner of the database.", hint=hint, id="keel.E002")]
    with connections[databases[0]].cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = %s AND (rolsuper OR rolbypassrls)", [role])
        if cursor.fetchone() is None:
            return []
    return [Error("The app connects as a role that row-level security does not bind.", hint=hint, id="keel.E003")]


@register(Tags.security, deploy=True)
def find_unknown_proxy(**options: Any) -> list[CheckMessage]:
    """Warn when nobody says how many proxies there are: then all visitors share one address, and its limits."""
    if settings.TRUSTED_PROXY_COUNT:
        return []
    hint = "Set TRUSTED_PROXY_COUNT to the number of proxies between the internet and the web process: 1 for one."
    return [
        Warning("Every visitor has the address of the proxy: limits count them together.", hint=hint, id="keel.W002")
    ]


def _seeded_emails(alias: str) -> list[str]:
    user = get_user_model()
    # Before the first migration there is nobody.
    if user._meta.db_table not in connections[alias].introspection.table_names():
        return []
    people = user._default_manager.using(alias).filter(is_active=True, email__iendswith=SEEDED_DOMAIN)
    return list(people.values_list("email", flat=True))
