"""What the app role may do: granted anew after every migrate, so that no table is ever forgotten."""

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connections, models

FULL = "SELECT, INSERT, UPDATE, DELETE"


def grant_app_role(sender: AppConfig, *, using: str, **kwargs: Any) -> None:
    """Give the app role rights on every model's table and on the sequences; TRUNCATE and DDL stay with the owner.

    A model narrows its rights with a class attribute `app_role_privileges` (for example "SELECT": the table is
    then written by the owner's functions alone). Does nothing where owner and app role are the same user.
    """
    app_role, owner = settings.DATABASES["default"]["USER"], connections[using].settings_dict["USER"]
    if app_role == owner:
        return
    with connections[using].cursor() as cursor:
        quote = connections[using].ops.quote_name
        role = quote(app_role)
        existing = set(connections[using].introspection.table_names(cursor))
        for model in apps.get_models(include_auto_created=True):
            if model._meta.db_table not in existing:  # a partial migrate
                continue
            table = quote(model._meta.db_table)
            cursor.execute(f"REVOKE ALL ON {table} FROM {role}")
            cursor.execute(f"GRANT {privileges_of(model)} ON {table} TO {role}")
        cursor.execute(f"GRANT SELECT ON django_migrations TO {role}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")


def privileges_of(model: type[models.Model]) -> str:
    """Return the SQL privileges that the app role gets on a model's table."""
    return getattr(model, "app_role_privileges", FULL)
