"""Workers that die, freeze, or are rung twice."""

import random
import signal
import time

import pytest
import redis

from tests.product import wait_for

OUTPUT = "SELECT output FROM generation_generation WHERE id = %s"


@pytest.mark.parametrize("characters", random.Random(7).sample(range(1, 1500), 2))
def test_a_killed_worker_leaves_the_text_that_was_read_and_releases_the_hold(product, customer, characters):
    generation = customer.start("keel-demo", "Write of the sea and its tides")
    customer.wait_until_streaming(generation, characters=characters)

    product.kill("worker_generation")

    assert customer.wait_until_terminal(generation, seconds=30) == "failed"
    assert product.value("SELECT error_code FROM generation_generation WHERE id = %s", generation) == "worker_lost"
    assert product.value("SELECT charged_credits FROM generation_generation WHERE id = %s", generation) == 0


def test_a_reader_of_a_killed_workers_stream_gets_its_text_once_and_its_end(product, customer):
    generation = customer.start("keel-demo", "Write of the sea and its tides")
    customer.wait_until_streaming(generation, characters=500)

    product.kill("worker_generation")
    events = list(customer.stream(generation))

    assert events[-1]["event"] == "done"
    assert len(product.value(OUTPUT, generation)) > 0


def test_a_worker_killed_right_after_settling_leaves_a_finished_generation(product, customer):
    generation = customer.start("keel-echo", "short and sweet and simple")
    finished = "SELECT status FROM generation_generation WHERE id = %s AND finished_at IS NOT NULL"
    while not product.value(finished, generation):
        time.sleep(0.002)

    product.kill("worker_generation")

    assert list(customer.stream(generation))[-1]["event"] == "done"
    assert product.value(finished, generation) == "succeeded"


def test_nothing_of_a_frozen_worker_lands_once_it_wakes(product, customer):
    generation = customer.start("keel-trickle", "Write of the sea and its tides")
    customer.wait_until_streaming(generation, characters=10)
    frozen = product.supervisor.kill("worker_generation", signal.SIGSTOP)
    assert customer.wait_until_terminal(generation, seconds=30) == "failed"
    settled = what_landed(product, generation)

    assert product.supervisor.kill("worker_generation", signal.SIGCONT) == frozen
    time.sleep(3)

    assert what_landed(product, generation) == settled
    assert wait_for(lambda: product.call_of(generation)["state"] == "aborted", seconds=5)


def test_the_same_ring_twice_at_once_runs_once(product, customer):
    generation = customer.start("keel-echo", "ring ring ring ring")
    product.run(
        "python manage.py shell -c '"
        "from apps.generation.tasks import run_generation;"
        f'[run_generation.apply_async(kwargs={{"generation_id": "{generation}"}}) for _ in range(20)]'
        "'"
    )

    assert customer.wait_until_terminal(generation) == "succeeded"
    assert product.value("SELECT count(*) FROM generation_attempt WHERE generation_id = %s", generation) == 1


def test_stop_reaches_the_provider_and_keeps_what_was_written(product, customer):
    generation = customer.start("keel-trickle", "never stop writing please")
    customer.wait_until_streaming(generation, characters=10)

    customer.stop(generation)

    assert customer.wait_until_terminal(generation, seconds=5) == "canceled"
    assert product.call_of(generation)["state"] == "aborted"
    requested = "SELECT extract(epoch FROM cancel_requested_at)::float FROM generation_generation WHERE id = %s"
    # Within a second, and one more for a machine that is busy with other tests.
    assert product.call_of(generation)["ended_at"] - product.value(requested, generation) < 2


def test_a_run_that_nobody_claims_is_ended_and_its_hold_released(product, customer):
    product.supervisor.stop(["worker_generation"])
    generation = customer.start("keel-echo", "is anybody there at all")

    status = customer.wait_until_terminal(generation, seconds=60)
    product.supervisor.start("worker_generation")

    assert status == "failed"
    assert product.value("SELECT error_code FROM generation_generation WHERE id = %s", generation) == "queue_timeout"


def what_landed(product, generation):
    """Return everything that a run leaves behind: its row, its attempts, its stream in Redis."""
    rows = product.rows("SELECT output, status, fencing_number FROM generation_generation WHERE id = %s", generation)
    attempts = product.rows("SELECT status, output_tokens FROM generation_attempt WHERE generation_id = %s", generation)
    stream = redis.Redis.from_url(product.services.valkey.url()).xrange(f"generation:{generation}:stream")
    assert stream, "a stream without entries would prove nothing"
    return rows, attempts, stream
