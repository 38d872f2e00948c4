"""Who may call the ledger's functions: granted anew after every migrate, as with tables (core/privileges.py)."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connections


def grant_ledger_functions(sender: AppConfig, *, using: str, **kwargs: Any) -> None:
    """Let the app role call the doors of the ledger (its SECURITY DEFINER functions), and nobody else any part of it.

    Does nothing where owner and app role are the same user.
    """
    app_role, owner = settings.DATABASES["default"]["USER"], connections[using].settings_dict["USER"]
    if app_role == owner:
        return
    role = connections[using].ops.quote_name(app_role)
    with connections[using].cursor() as cursor:
        cursor.execute(
            r"SELECT oid::regprocedure::text, prosecdef FROM pg_proc"
            r" WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'ledger\_%%'",
            [],
        )
        for function, is_door in cursor.fetchall():
            cursor.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC, {role}")
            if is_door:
                cursor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
