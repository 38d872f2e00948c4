"""What only shows where commits are real: settlements at the same time, and what the database's owner may do."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, connections

from apps.usage.models import UsageRecord
from tests.usage import steps

pytestmark = pytest.mark.usefixtures("committed_db")

THREADS = 4
ROUNDS = 15


def test_settlements_at_the_same_time_all_count_and_none_blocks_another() -> None:
    workspace_id, together = steps.new_workspace_id(), Barrier(THREADS)

    def settle_often(number: int) -> None:
        together.wait()
        # Half of them name the models in the other order: a deadlock, were the rows locked in the order of attempts.
        models = ["m-1", "m-2", "m-3"][:: 1 if number % 2 else -1]
        try:
            for _ in range(ROUNDS):
                steps.record(workspace_id, *(steps.attempt(model=model) for model in models), charged=1)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(settle_often, range(THREADS)))

    records = list(UsageRecord.objects.all())
    assert len(records) == THREADS * ROUNDS * 3
    assert steps.rollup(workspace_id) == steps.add_up(records, by=steps.rollup_row_of)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM usage_usagerecord",
        "UPDATE usage_usagerecord SET charged_credits = 0",
        "UPDATE usage_usagerecord SET capped = true, user_id = NULL",
        "UPDATE usage_usagerecord SET created_at = now()",
    ],
)
def test_not_even_the_owner_of_the_database_changes_records(statement: str) -> None:
    steps.record(steps.new_workspace_id())

    with connections["owner"].cursor() as cursor, pytest.raises(DatabaseError, match="pgtrigger: Cannot"):
        cursor.execute(statement)
