"""PostgreSQL and Valkey restarted, emptied and hung under a running product."""

import time

import redis

from tests.product import wait_for


def test_redis_killed_twice_once_idle_and_once_in_the_middle_loses_nothing(product, customer):
    restart(product)
    time.sleep(3)
    generation = customer.start("keel-demo", "Write of the sea and its tides")
    customer.wait_until_streaming(generation, characters=300)

    restart(product)

    assert customer.wait_until_terminal(generation, seconds=60) == "succeeded"
    again = customer.start("keel-echo", "and the next one works too")
    assert customer.wait_until_terminal(again, seconds=30) == "succeeded"


def test_a_reader_sees_the_whole_text_after_redis_lost_the_stream(product, customer):
    generation = customer.start("keel-demo", "Write of the sea and its tides")
    customer.wait_until_streaming(generation, characters=300)

    empty(product)
    events = list(customer.stream(generation))

    assert events[-1]["event"] == "done"
    assert customer.wait_until_terminal(generation) == "succeeded"


def test_queued_work_survives_an_emptied_redis(product, customer):
    product.supervisor.stop(["worker_generation"])
    generations = [customer.start("keel-echo", f"number {number} of these texts") for number in range(5)]

    empty(product)
    product.supervisor.start("worker_generation")

    assert {customer.wait_until_terminal(generation) for generation in generations} == {"succeeded"}


def test_a_hung_redis_delays_a_submit_by_two_seconds_at_most(product, customer):
    customer.wait_until_terminal(customer.start("keel-echo", "everything is warm now"))
    product.services.valkey.pause()
    try:
        generation = customer.start("keel-echo", "is redis there at all")
    finally:
        product.services.valkey.resume()

    assert customer.seconds < 2
    assert customer.wait_until_terminal(generation, seconds=30) == "succeeded"


def test_a_postgresql_restart_in_the_middle_of_a_stream_loses_nothing(product, customer):
    generation = customer.start("keel-demo", "Write of the sea and its tides")
    customer.wait_until_streaming(generation, characters=300)

    product.services.postgres.stop(mode="immediate")
    product.services.postgres.start()

    assert customer.wait_until_terminal(generation, seconds=60) == "succeeded"


def test_a_killed_web_process_costs_a_reader_nothing(product, customer):
    generation = customer.start("keel-demo", "Write of the sea and its tides")
    first = next(event for event in customer.stream(generation) if event["event"] == "update")

    product.kill("web")
    product.wait_until_ready()
    rest = list(customer.stream(generation, after=first["id"]))

    assert rest[-1]["event"] == "done"
    assert customer.wait_until_terminal(generation) == "succeeded"


def empty(product):
    redis.Redis.from_url(product.services.valkey.url()).flushall()


def restart(product):
    product.services.valkey.kill()
    time.sleep(1)
    product.services.valkey.start()
    wait_for(lambda: product.services.valkey.pid, seconds=5)
