"""The sweeps of the worker."""

from uuid import UUID

import pytest

from apps.billing import tasks
from tests.billing import steps


@pytest.mark.parametrize("task", [tasks.expire_holds, tasks.expire_grants])
def test_a_sweep_that_waited_too_long_is_dropped(task: object) -> None:
    assert (task.queue, task.expires) == ("default", 30)


def test_the_sweeps_end_what_is_due_and_may_run_twice(workspace_id: UUID) -> None:
    steps.give(workspace_id, 10, hours=1)
    steps.hold(workspace_id, 4, ttl=60)
    steps.let_time_pass(steps.HOUR)

    for _ in range(2):
        tasks.expire_holds(some_future_argument=1)
        tasks.expire_grants(some_future_argument=1)

    assert steps.kinds(workspace_id) == [("grant", 10), ("expiry", -10)]
    assert steps.balances(workspace_id) == (0, 0, 0)
