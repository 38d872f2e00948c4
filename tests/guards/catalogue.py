"""What PostgreSQL itself says about the migrated database."""

import re
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connection, models

PRODUCT_MODELS = [model for model in apps.get_models(include_auto_created=True) if model.__module__.startswith("apps.")]
ALL_MODELS = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]


class Check(NamedTuple):
    """A CHECK on one column, and the texts it names."""

    table: str
    column: str
    values: frozenset[str]


def rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return cursor.fetchall()


def checks() -> set[Check]:
    """Return the CHECKs that concern a single column."""
    found = rows(
        "SELECT c.conrelid::regclass::text, a.attname, pg_get_constraintdef(c.oid) FROM pg_constraint c"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
        " WHERE c.contype = 'c' AND cardinality(c.conkey) = 1 AND c.convalidated"
    )
    return {Check(table, column, frozenset(re.findall(r"'([^']*)'", text))) for table, column, text in found}


def foreign_keys() -> set[tuple[str, str, str]]:
    """Return table, column and the table that is referred to, of every validated foreign key."""
    return set(
        rows(
            "SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'f' AND cardinality(c.conkey) = 1 AND c.convalidated"
        )
    )


def unique_columns() -> set[tuple[str, frozenset[str]]]:
    """Return table and columns of every valid unique index, conditional ones too."""
    found = rows(
        "SELECT i.indrelid::regclass::text, array_agg(a.attname::text) FROM pg_index i"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
        " WHERE i.indisunique AND i.indisvalid GROUP BY i.indexrelid, i.indrelid"
    )
    return {(table, frozenset(columns)) for table, columns in found}


def columns(table: str) -> dict[str, tuple[str, bool]]:
    """Return type and nullability of a table's columns."""
    found = rows(
        "SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s",
        table,
    )
    return {name: (kind, nullable) for name, kind, nullable in found}


def fields(kind: type[models.Field]) -> list[tuple[type[models.Model], models.Field]]:
    """Return every stored field of a kind, with its model."""
    return [
        (model, field) for model in ALL_MODELS for field in model._meta.local_concrete_fields if isinstance(field, kind)
    ]
