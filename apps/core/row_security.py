"""The second wall around each workspace: PostgreSQL shows a transaction only the rows of the scope that it has named.

The first wall are the selectors, which filter by workspace. Where one forgets to, the database does not: a policy on
every table of a workspace compares its rows with the scope of apps/core/db.py. Outside of any scope there is an error
and not an empty answer: a report that had read nothing would look like good news.
"""

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connections, models

POLICY = "scope"
# Sub-selects, so that they are computed once per statement and not once per row.
IS_SYSTEM = "(SELECT keel_scope() = 'system')"
WORKSPACE = "(SELECT nullif(keel_scope(), 'system')::uuid)"
# After a transaction that has set it, the setting is an empty string and no longer NULL.
SCOPE = """
    CREATE OR REPLACE FUNCTION keel_scope() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    DECLARE
        scope text := current_setting('keel.scope', true);
    BEGIN
        IF coalesce(scope, '') = '' THEN
            RAISE EXCEPTION 'rows of a workspace were asked for outside of a scope' USING ERRCODE = 'KL403';
        END IF;
        RETURN scope;
    END
    $$
"""
_CURRENT = """
    SELECT c.relname, c.relrowsecurity, p.polname || ': ' || obj_description(p.oid, 'pg_policy')
      FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
"""


def secure_rows(sender: AppConfig, *, using: str, **kwargs: Any) -> None:
    """Give every table of a workspace its policy, after each migrate; tables that have it are not locked again.

    Does nothing where owner and app role are the same user: an owner is not bound by policies (see core's checks).
    """
    if settings.DATABASES["default"]["USER"] == connections[using].settings_dict["USER"]:
        return
    with connections[using].cursor() as cursor:
        cursor.execute(SCOPE)
        cursor.execute(_CURRENT)
        current = {table: (is_on, policy) for table, is_on, policy in cursor.fetchall()}
        for model in apps.get_models(include_auto_created=True):
            table, condition = model._meta.db_table, condition_of(model)
            if condition is None or table not in current or current[table] == (True, f"{POLICY}: {condition}"):
                continue
            name, policy = map(connections[using].ops.quote_name, (table, POLICY))
            cursor.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
            cursor.execute(f"DROP POLICY IF EXISTS {policy} ON {name}")
            cursor.execute(f"CREATE POLICY {policy} ON {name} USING ({condition})")
            # What it was made of: PostgreSQL gives a policy back in words of its own.
            cursor.execute(f"COMMENT ON POLICY {policy} ON {name} IS %s", [condition])


def condition_of(model: type[models.Model]) -> str | None:
    """Return which rows of a model's table a scope sees, as SQL; None for a table that belongs to no workspace.

    A model names the column that holds its workspace's id with a class attribute `workspace_column`; with a foreign key
    `workspace` it need not. `workspace_parent` names a foreign key instead, to a row that belongs to a workspace.
    """
    parent = getattr(model, "workspace_parent", None)
    if parent:
        field = model._meta.get_field(parent)
        assert isinstance(field, models.ForeignKey)
        related = field.related_model
        owner = f"(SELECT parent.workspace_id FROM {related._meta.db_table} parent WHERE parent.id = {field.column})"  # noqa: S608
        return f"{IS_SYSTEM} OR {owner} = {WORKSPACE}"
    column = workspace_column_of(model)
    return f"{IS_SYSTEM} OR {column} = {WORKSPACE}" if column else None


def workspace_column_of(model: type[models.Model]) -> str | None:
    """Return the column that holds a workspace's id, if the model's table has one."""
    named: str | None = getattr(model, "workspace_column", None)
    if named is None and any(field.name == "workspace" for field in model._meta.fields):
        return "workspace_id"
    return named
