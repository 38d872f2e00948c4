"""Runs the rules of the ledger against a copy of the database with one defect in it."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from apps.billing.prove import prove
from tests.billing import (
    steps,
    test_concurrency,
    test_corrections,
    test_database_guards,
    test_grant_order,
    test_grants,
    test_holds,
    test_keys,
)

MUTANTS = sorted((Path(__file__).parent / "mutants").glob("*.sql"))

# Patches the source of one function, and fails when the text to be changed is not there exactly once.
MUTATE = """
CREATE FUNCTION pg_temp.mutate(name text, original text, defect text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    source text;
BEGIN
    SELECT pg_get_functiondef(oid) INTO STRICT source FROM pg_proc WHERE proname = name;
    IF length(source) - length(replace(source, original, '')) <> length(original) THEN
        RAISE EXCEPTION 'mutant: % does not contain % exactly once', name, original;
    END IF;
    EXECUTE replace(source, original, defect);
END $$;
"""
RULES = (test_holds, test_grant_order, test_keys, test_corrections, test_grants)
SCRATCH = "scratch_of_mutants"

Case = tuple[str, Callable[[], None]]


@contextmanager
def scratch_database() -> Iterator[None]:
    """Work in a copy of the test database until the end of the block."""
    settings = [connections[alias].settings_dict for alias in ("default", "owner")]
    original = settings[0]["NAME"]
    _remake(f'CREATE DATABASE "{SCRATCH}" TEMPLATE "{original}"')
    for each in settings:
        each["NAME"] = SCRATCH
    try:
        yield
    finally:
        for each in settings:
            each["NAME"] = original
        _remake()


def mutate(statement: str) -> None:
    """Put a defect into the database, as its owner."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(MUTATE + statement)


def find_failure() -> str | None:
    """Run the rules in turn and return the name and error of the first that fails, or None."""
    for name, run in _cases():
        try:
            run()
        except (Exception, pytest.fail.Exception) as error:
            return f"{name}: {error}"
    return None


def _remake(statement: str = "") -> None:
    connections.close_all()
    with connections["owner"]._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{SCRATCH}"')
        if statement:
            cursor.execute(statement)


def _cases() -> Iterator[Case]:
    for module in RULES:
        yield from _cases_of(module, _in_savepoint)
    steps.new_spender()
    yield from _cases_of(test_database_guards, _beside_a_spender)
    first_of_all = test_concurrency.test_a_second_hold_waits_for_the_first_and_then_sees_it
    yield first_of_all.__name__, lambda: _committed(first_of_all)


def _cases_of(module: Any, run: Callable[..., None]) -> Iterator[Case]:
    for name, test in inspect.getmembers(module, inspect.isfunction):
        if name.startswith("test_") and test.__module__ == module.__name__:
            for arguments in _arguments_of(test):
                yield name, lambda test=test, arguments=arguments: run(test, **arguments)


def _arguments_of(test: Any) -> list[dict[str, Any]]:
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    names = [mark.args[0] for mark in marks]
    return [dict(zip(names, values, strict=True)) for values in product(*(mark.args[1] for mark in marks))]


def _in_savepoint(test: Callable[..., None], **arguments: Any) -> None:
    with transaction.atomic():
        workspace_id = steps.new_workspace_id()
        takes_workspace = "workspace_id" in inspect.signature(test).parameters
        test(**({"workspace_id": workspace_id} if takes_workspace else {}), **arguments)
        assert prove() == []
        transaction.set_rollback(True)


def _beside_a_spender(test: Callable[..., None], **arguments: Any) -> None:
    takes_spender = "spender" in inspect.signature(test).parameters
    test(**({"spender": None} if takes_spender else {}), **arguments)


def _committed(test: Callable[..., None]) -> None:
    test(steps.new_workspace_id())
    assert prove() == []
