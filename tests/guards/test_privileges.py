"""The app role may do what its models say and nothing else: it could not tamper with the ledger if it wanted to."""

import re

import pytest
from django.conf import settings
from django.db import ProgrammingError, transaction

from apps.core.privileges import privileges_of
from tests.guards import catalogue
from tests.guards.catalogue import ALL_MODELS

pytestmark = pytest.mark.django_db
ROLE = settings.DATABASES["default"]["USER"]
OWNER = settings.DATABASES["owner"]["USER"]
OF_COLUMNS = ("SELECT", "INSERT", "UPDATE", "REFERENCES")
OF_TABLE = ("DELETE", "TRUNCATE", "TRIGGER")
TABLES = {model._meta.db_table: privileges_of(model) for model in ALL_MODELS} | {"django_migrations": "SELECT"}
OWNED = {
    "tables and sequences": "SELECT count(*) FROM pg_class WHERE relowner = %s::regrole",
    "functions": "SELECT count(*) FROM pg_proc WHERE proowner = %s::regrole",
    "schemas": "SELECT count(*) FROM pg_namespace WHERE nspowner = %s::regrole",
    "types": "SELECT count(*) FROM pg_type WHERE typowner = %s::regrole",
    "databases": "SELECT count(*) FROM pg_database WHERE datdba = %s::regrole",
    "memberships": "SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole",
}


def test_tests_run_as_the_app_role_and_not_as_the_owner():
    assert catalogue.rows("SELECT current_user, session_user") == [(ROLE, ROLE)]
    assert ROLE != OWNER


@pytest.mark.parametrize("table", TABLES)
def test_a_table_grants_what_its_model_says(table):
    assert _held(table) == _said(table)


def test_no_table_is_left_out():
    listed = catalogue.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")

    assert {name for (name,) in listed} == set(TABLES)


def test_the_ledger_is_only_read():
    assert {TABLES[f"billing_{name}"] for name in ("creditaccount", "creditgrant", "hold", "ledgerentry")} == {"SELECT"}


@pytest.mark.parametrize("kind", OWNED)
def test_the_app_role_owns_nothing_and_belongs_to_no_other(kind):
    assert catalogue.rows(OWNED[kind], ROLE) == [(0,)]


def test_the_app_role_has_no_power_of_its_own():
    powers = "rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"

    assert catalogue.rows(f"SELECT {powers} FROM pg_roles WHERE rolname = %s", ROLE) == [(False,) * 5]


def test_the_owner_is_no_superuser():
    assert catalogue.rows("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = %s", OWNER) == [(False, False)]


@pytest.mark.parametrize("table", TABLES)
def test_truncate_is_refused_in_fact(table):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        catalogue.rows(f'TRUNCATE "{table}" CASCADE')


def test_the_app_role_makes_nothing_in_the_schema():
    assert catalogue.rows("SELECT has_schema_privilege(%s, 'public', 'CREATE')", ROLE) == [(False,)]


def test_functions_that_run_as_the_owner_fix_their_search_path():
    definers = catalogue.rows(
        "SELECT proname, coalesce(array_to_string(proconfig, ' '), '') FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )

    assert definers
    assert [name for name, configuration in definers if "search_path=" not in configuration] == []


def _said(table: str) -> set[tuple[str, str]]:
    """The privileges that a model names, column by column: `UPDATE (user_id)` is for one column alone."""
    said = set()
    for name, some in re.findall(r"([A-Z]+)(?: \(([^)]*)\))?", TABLES[table]):
        columns = some.split(", ") if some else catalogue.columns(table)
        said |= {(name, column) for column in columns} if name in OF_COLUMNS else {(name, "")}
    return said


def _held(table: str) -> set[tuple[str, str]]:
    """The privileges that PostgreSQL would let the app role use."""
    of_columns = catalogue.rows(
        "SELECT privilege, attname::text FROM pg_attribute, unnest(%s::text[]) AS privilege"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND has_column_privilege(%s, attrelid, attnum, privilege)",
        list(OF_COLUMNS),
        table,
        ROLE,
    )
    of_table = catalogue.rows(
        "SELECT privilege, '' FROM unnest(%s::text[]) AS privilege"
        " WHERE has_table_privilege(%s, %s::regclass, privilege)",
        list(OF_TABLE),
        ROLE,
        table,
    )
    return {*of_columns, *of_table}
