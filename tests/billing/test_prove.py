"""The proof finds what is wrong, and only that."""

from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from apps.billing.prove import prove
from tests.billing import steps

# What only the owner could break, with the triggers off: (statement, the rules that no longer hold).
DAMAGES = {
    "a balance": (
        "UPDATE billing_creditaccount SET balance = balance + 1",
        {"balance_is_sum_of_entries", "balance_is_sum_of_grants"},
    ),
    "what is held": ("UPDATE billing_creditaccount SET held = held + 1", {"held_is_sum_of_open_holds"}),
    "a grant": ("UPDATE billing_creditgrant SET remaining = remaining - 1", {"balance_is_sum_of_grants"}),
    "the amount of a grant": ("UPDATE billing_creditgrant SET amount = amount + 1", {"grant_has_its_entry_amount"}),
    "an open hold": (
        "UPDATE billing_hold SET amount = amount + 1 WHERE status = 'open'",
        {"held_is_sum_of_open_holds"},
    ),
    "a captured hold": (
        "UPDATE billing_hold SET captured_amount = captured_amount - 1 WHERE status = 'captured'",
        {"capture_matches_its_hold"},
    ),
    "the amount of an entry": (
        "UPDATE billing_ledgerentry SET amount = amount - 1 WHERE kind = 'capture'",
        {"balance_is_sum_of_entries", "capture_matches_its_hold", "entry_continues_the_ledger"},
    ),
    "the balance after an entry": (
        "UPDATE billing_ledgerentry SET balance_after = balance_after + 1 WHERE position = 1",
        {"entry_continues_the_ledger"},
    ),
    "a missing entry": (
        "DELETE FROM billing_ledgerentry WHERE kind = 'capture'",
        {"balance_is_sum_of_entries", "capture_matches_its_hold", "entries_are_counted"},
    ),
    "a missing grant entry": (
        "DELETE FROM billing_ledgerentry WHERE kind = 'grant'",
        {
            "balance_is_sum_of_entries",
            "entries_are_counted",
            "entries_have_no_gap",
            "entry_continues_the_ledger",
            "grant_has_its_entry_amount",
            "grant_has_one_entry",
        },
    ),
}


@pytest.fixture
def spender_id(ledger_db: None, committed_db: None) -> UUID:
    """A committed account that a test may damage."""
    return steps.new_spender()


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_proof_finds_damage_to(spender_id: UUID, damage: str) -> None:
    statement, rules = DAMAGES[damage]

    _damage(statement)

    discrepancies = prove(spender_id)
    assert {discrepancy.rule for discrepancy in discrepancies} == rules
    assert {discrepancy.account_id for discrepancy in discrepancies} == {spender_id}


def test_the_command_says_that_all_is_well(spender_id: UUID) -> None:
    output = StringIO()

    call_command("prove_ledger", stdout=output)

    assert output.getvalue() == "The ledger adds up.\n"


def test_the_command_prints_what_is_wrong_and_fails(spender_id: UUID) -> None:
    other_id = steps.new_workspace_id()
    steps.give(other_id, 5)
    _damage(f"UPDATE billing_creditaccount SET held = 11 WHERE workspace_id = '{spender_id}'")
    output = StringIO()

    with pytest.raises(CommandError):
        call_command("prove_ledger", stdout=output)

    assert output.getvalue().splitlines() == [
        f"held_is_sum_of_open_holds: account {spender_id}, {spender_id}: expected 10, found 11"
    ]
    call_command("prove_ledger", workspace=other_id, stdout=output)


def _damage(statement: str) -> None:
    table = "billing_ledgerentry" if "billing_ledgerentry" in statement else "billing_hold"
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        try:
            cursor.execute(statement)
        finally:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
