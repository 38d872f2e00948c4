"""What the database itself forbids, whoever asks."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.utils import ProgrammingError

from apps.billing.models import CreditAccount, CreditGrant, Hold, LedgerEntry

TABLES = [model._meta.db_table for model in (CreditAccount, CreditGrant, Hold, LedgerEntry)]
WRITES = ["UPDATE {} SET account_id = NULL", "DELETE FROM {}", "INSERT INTO {} DEFAULT VALUES", "TRUNCATE {} CASCADE"]
INTERNAL = ["ledger_consume(NULL, 1)", "ledger_lock_account(NULL)", "ledger_store_account(NULL)", "ledger_uuid7()"]


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("write", WRITES)
def test_the_app_role_writes_no_money_table(table: str, write: str) -> None:
    column = "workspace_id" if table == "billing_creditaccount" else "account_id"

    with pytest.raises(ProgrammingError, match="permission denied"):
        _execute(write.format(table).replace("account_id", column))


@pytest.mark.django_db
@pytest.mark.parametrize("call", INTERNAL)
def test_the_app_role_enters_the_ledger_by_its_doors_only(call: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        _execute(f"SELECT {call}")


@pytest.mark.django_db
def test_every_door_names_its_search_path_and_is_closed_to_the_public() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prosecdef, proconfig, has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc"
            " WHERE proname LIKE 'ledger\\_%'"
        )
        functions = cursor.fetchall()

    assert len(functions) >= 15
    for name, is_door, config, is_public in functions:
        assert not is_public, name
        assert config == (["search_path=pg_catalog, public, pg_temp"] if is_door else None), name


OWNER_WRITES = {
    "an entry is never changed": "UPDATE billing_ledgerentry SET amount = amount + 1",
    "an entry is never deleted": "DELETE FROM billing_ledgerentry",
    "a hold is never deleted": "DELETE FROM billing_hold",
    "a grant is never deleted": "DELETE FROM billing_creditgrant",
    "an account is never deleted": "DELETE FROM billing_creditaccount",
    "a hold ends once": "UPDATE billing_hold SET status = 'open', ended_at = NULL, captured_amount = 0,"
    " end_idempotency_key = '' WHERE status <> 'open'",
}


@pytest.mark.parametrize("statement", OWNER_WRITES.values(), ids=OWNER_WRITES)
def test_triggers_stop_even_the_owner(spender: None, statement: str) -> None:
    with pytest.raises(DatabaseError, match="pgtrigger: Cannot"):
        _execute_as_owner(statement)


OWNER_LIES = {
    "account_balance_not_negative": "UPDATE billing_creditaccount SET balance = -1, held = -1",
    "account_held_not_negative": "UPDATE billing_creditaccount SET held = -1",
    "account_held_within_balance": "UPDATE billing_creditaccount SET held = balance + 1",
    "account_debt_not_negative": "UPDATE billing_creditaccount SET debt = -1, held = balance",
    "account_debt_paid_first": "UPDATE billing_creditaccount SET debt = 1",
    "grant_remaining_within_amount": "UPDATE billing_creditgrant SET remaining = amount + 1",
    "grant_amount_positive": "UPDATE billing_creditgrant SET amount = 0, remaining = 0",
    "grant_source_known": "UPDATE billing_creditgrant SET source = 'gift'",
    "hold_status_known|hold_end_key_given": "UPDATE billing_hold SET status = 'gone', ended_at = now()"
    " WHERE status = 'open'",
    "hold_ended_unless_open": "UPDATE billing_hold SET ended_at = now() WHERE status = 'open'",
    "hold_captured_within_amount": "UPDATE billing_hold SET status = 'captured', ended_at = now(),"
    " end_idempotency_key = 'e', captured_amount = amount + 1 WHERE status = 'open'",
    "hold_end_key_given": "UPDATE billing_hold SET status = 'released', ended_at = now() WHERE status = 'open'",
}


@pytest.mark.parametrize("constraint", OWNER_LIES)
def test_constraints_stop_even_the_owner(spender: None, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        _execute_as_owner(OWNER_LIES[constraint])


# A copy of the grant's entry, with these columns changed.
ENTRY_LIES = {
    "entry_kind_known|entry_grant_of_kind": {"kind": "'gift'"},
    "entry_sign_of_kind": {"amount": "-5"},
    "entry_grant_of_kind": {"grant_id": "NULL"},
    "entry_hold_of_capture": {"hold_id": "(SELECT id FROM billing_hold WHERE status = 'open')"},
    "entry_reverses_of_reversal": {"reverses_id": "id"},
    "entry_after_not_negative": {"balance_after": "-1"},
    "entry_key_once": {"idempotency_key": "idempotency_key"},
    "entry_key_given": {"idempotency_key": "''"},
    "entry_position_once": {"position": "position"},
    "billing_ledgerentry_hold_id_key": {
        "kind": "'capture'",
        "amount": "-5",
        "grant_id": "NULL",
        "hold_id": "(SELECT id FROM billing_hold WHERE status = 'captured')",
    },
}


@pytest.mark.parametrize("constraint", ENTRY_LIES)
def test_constraints_stop_a_false_entry(spender: None, constraint: str) -> None:
    fresh = {"id": "gen_random_uuid()", "position": "99", "idempotency_key": "'copy'"}
    changes = ", ".join(f"'{column}', {value}" for column, value in (fresh | ENTRY_LIES[constraint]).items())

    with pytest.raises(IntegrityError, match=constraint):
        _execute_as_owner(
            f"INSERT INTO billing_ledgerentry SELECT (jsonb_populate_record(entry, jsonb_build_object({changes}))).*"
            " FROM billing_ledgerentry AS entry WHERE kind = 'grant'"
        )


def _execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def _execute_as_owner(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
