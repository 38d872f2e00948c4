"""The ledger's migrations can be taken back and put on again."""

import pytest
from django.core.management import call_command
from django.db import connections

from tests.billing import steps


@pytest.mark.usefixtures("scratch")
def test_the_functions_can_be_removed_and_put_back_with_their_rights() -> None:
    call_command("migrate", "billing", "0001", verbosity=0)
    removed = _functions()

    call_command("migrate", "billing", verbosity=0)

    assert removed == 0
    assert _functions() >= 15
    workspace_id = steps.new_workspace_id()
    steps.give(workspace_id, 5)
    steps.capture(steps.hold(workspace_id, 5), 5)
    assert steps.balances(workspace_id) == (0, 0, 0)


def _functions() -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_proc WHERE proname LIKE 'ledger\\_%'")
        count: int = cursor.fetchone()[0]
        return count
