"""The ledger under many hands: nothing twice, nothing lost, no deadlock."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from uuid import UUID

import pytest
from django.db import connection, connections, transaction

from apps.billing import ledger
from apps.billing.models import Hold
from tests.billing import parallel, spending, steps


@pytest.fixture(scope="module")
def processes(ledger_db: None) -> Iterator[ProcessPoolExecutor]:
    """Three processes that share the test database."""
    with parallel.process_pool(3) as pool:
        yield pool


def test_a_second_hold_waits_for_the_first_and_then_sees_it(committed_workspace_id: UUID) -> None:
    steps.give(committed_workspace_id, 10)
    answers: list[object] = []
    second = threading.Thread(
        target=lambda: answers.extend(parallel.in_threads([partial(steps.hold, committed_workspace_id, 7)]))
    )

    with transaction.atomic():
        steps.hold(committed_workspace_id, 7)
        second.start()
        _wait_until_blocked()
    second.join()

    assert isinstance(answers[0], ledger.InsufficientCreditsError)
    assert steps.balances(committed_workspace_id) == (10, 7, 0)


def test_of_two_hundred_spends_one_wins_the_last_credit(committed_workspace_id: UUID) -> None:
    steps.give(committed_workspace_id, 1)

    outcomes = parallel.in_threads([partial(spending.spend_one, committed_workspace_id)] * 200)

    assert Counter(outcomes) == {"spent": 1, "refused": 199}
    assert steps.balances(committed_workspace_id) == (0, 0, 0)


def test_of_two_hundred_spends_in_processes_three_win_three_credits(
    committed_workspace_id: UUID, processes: ProcessPoolExecutor
) -> None:
    steps.give(committed_workspace_id, 3)

    outcomes = processes.map(spending.spend_one, [committed_workspace_id] * 200)

    assert Counter(outcomes) == {"spent": 3, "refused": 197}


def test_one_key_in_many_processes_is_one_entry(committed_workspace_id: UUID, processes: ProcessPoolExecutor) -> None:
    entry_ids = processes.map(spending.grant_with_one_key, [committed_workspace_id] * 50)

    assert len(set(entry_ids)) == 1
    assert steps.kinds(committed_workspace_id) == [("grant", 7)]


def test_one_key_used_fifty_times_at_once_is_one_hold(committed_workspace_id: UUID) -> None:
    steps.give(committed_workspace_id, 100)

    answers = parallel.in_threads([partial(steps.hold, committed_workspace_id, 7, key="k")] * 50)

    assert len(set(answers)) == 1
    assert [answer.repeated for answer in answers].count(False) == 1
    assert steps.balances(committed_workspace_id) == (100, 7, 0)


def test_one_key_used_at_once_for_different_amounts_is_one_entry_and_conflicts(committed_workspace_id: UUID) -> None:
    answers = parallel.in_threads([partial(steps.give, committed_workspace_id, n, key="k") for n in range(1, 21)])

    conflicts = [answer for answer in answers if isinstance(answer, ledger.IdempotencyConflictError)]
    assert len(conflicts) == 19
    assert len(steps.kinds(committed_workspace_id)) == 1


def test_first_grants_at_once_open_one_account(committed_workspace_id: UUID) -> None:
    parallel.in_threads([partial(steps.give, committed_workspace_id, 10) for _ in range(30)])

    assert steps.balances(committed_workspace_id) == (300, 0, 0)


def test_each_hold_ends_once_whoever_is_first(committed_workspace_id: UUID) -> None:
    steps.give(committed_workspace_id, 1000, hours=1)
    placed = [steps.hold(committed_workspace_id, 10, ttl=60) for _ in range(40)]
    steps.let_time_pass(2 * steps.HOUR)
    sweeps = [partial(ledger.expire_holds, limit=7), partial(ledger.expire_grants, limit=7)]

    answers = parallel.in_threads(
        act for each in placed for act in (partial(steps.capture, each, 4), partial(steps.release, each), *sweeps)
    )

    ended = Counter(Hold.objects.values_list("status", flat=True))
    refused = [answer for answer in answers if isinstance(answer, ledger.HoldNotOpenError)]
    unforeseen = [answer for answer in answers if isinstance(answer, Exception) and answer not in refused]
    assert ended.total() == 40
    assert ended["captured"] + ended["released"] == 80 - len(refused)
    assert unforeseen == []


def test_many_hands_on_many_accounts_do_not_deadlock(committed_workspace_id: UUID) -> None:
    workspace_ids = [committed_workspace_id, *(steps.new_workspace_id() for _ in range(4))]
    for workspace_id in workspace_ids:
        steps.give(workspace_id, 50, hours=1)
        steps.give(workspace_id, 20)
        steps.hold(workspace_id, 60, ttl=60)
    steps.let_time_pass(2 * steps.HOUR)
    acts = [partial(ledger.expire_holds, limit=3), partial(ledger.expire_grants, limit=3)]
    for workspace_id in workspace_ids:
        acts += [partial(spending.spend_one, workspace_id), partial(steps.adjust, workspace_id, -40, allow_debt=True)]

    answers = parallel.in_threads(acts * 8)

    assert [answer for answer in answers if isinstance(answer, Exception)] == []


def test_a_sweep_does_not_wait_for_an_account_in_use(committed_workspace_id: UUID) -> None:
    other_id = steps.new_workspace_id()
    for workspace_id in (committed_workspace_id, other_id):
        steps.give(workspace_id, 10)
        steps.hold(workspace_id, 1, ttl=60)
    steps.let_time_pass(61)

    with transaction.atomic():
        steps.give(committed_workspace_id, 1)
        swept_meanwhile = parallel.in_threads([partial(ledger.expire_holds, limit=10)])

    assert swept_meanwhile == [1]
    assert ledger.expire_holds(limit=10) == 1


def test_a_process_that_dies_in_its_transaction_leaves_nothing(committed_workspace_id: UUID) -> None:
    steps.give(committed_workspace_id, 1)

    with parallel.process_pool(1) as pool, pytest.raises(BrokenProcessPool):
        pool.submit(spending.die_with_an_open_transaction, committed_workspace_id).result()

    assert spending.spend_one(committed_workspace_id) == "spent"
    assert steps.balances(committed_workspace_id) == (0, 0, 0)


def _wait_until_blocked() -> None:
    """Wait until another connection waits for a lock of this one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (own_pid,) = cursor.fetchone()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND %s = ANY(pg_blocking_pids(pid))", [own_pid]
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    pytest.fail("Nobody waited: the account was not locked.")
