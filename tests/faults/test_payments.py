"""Payments while things break: workers killed at the worst moment, an endpoint that is down, Redis and Stripe away."""

import json
import sys
import time
from contextlib import contextmanager

import psycopg
import pytest
import redis

from tests.faults.deliveries import post_all
from tests.product import wait_for

COPIES, AT_ONCE = 50, 50
CREDITS = 5_000
GRANTED = "SELECT coalesce(sum(amount), 0)::int, count(*) FROM billing_ledgerentry WHERE idempotency_key = %s"
EVENT = "SELECT status, attempts, error FROM billing_webhookevent WHERE stripe_id = %s"
# Somebody waits behind our lock: of the table, or of a row, which is a wait for our transaction.
TABLE_IS_AWAITED = "SELECT 1 FROM pg_locks WHERE relation = 'billing_payment'::regclass AND NOT granted"
ROW_IS_AWAITED = "SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"


@pytest.fixture(scope="module")
def waiting(shared_product):
    """Sessions of people who wait on Stripe's page of a pack, made at once: each takes its own."""
    return crowd(shared_product, 6)


@pytest.fixture
def silent(product):
    """A product whose Stripe delivers only what the test delivers."""
    product.stripe.settings(is_paused=True)
    yield product
    product.stripe.end_outages()
    product.stripe.drop()
    product.stripe.settings(is_paused=None)


def test_a_worker_killed_between_the_grant_and_the_commit_has_granted_nothing_and_the_next_one_does(silent, waiting):
    session, body = pay(silent, waiting.pop())
    with locked(silent, "LOCK TABLE billing_payment IN SHARE ROW EXCLUSIVE MODE"):
        post(silent, body)
        wait_for(lambda: silent.value(TABLE_IS_AWAITED), seconds=40)
        silent.kill("worker_default")

    assert granted(silent, session) == (0, 0)
    assert event_of(silent, body)[0] == "processing"
    pass_claim(silent, body)
    wait_for(lambda: event_of(silent, body)[0] == "processed", seconds=40)
    assert granted(silent, session) == (CREDITS, 1)


def test_a_worker_killed_after_the_commit_and_before_the_event_is_marked_has_granted_once(silent, waiting):
    session, body = pay(silent, waiting.pop())
    with locked(silent, "LOCK TABLE billing_payment IN SHARE ROW EXCLUSIVE MODE") as first:
        post(silent, body)
        wait_for(lambda: silent.value(TABLE_IS_AWAITED), seconds=40)
        with locked(silent, "SELECT 1 FROM billing_webhookevent WHERE stripe_id = %s FOR UPDATE", event_id(body)):
            first.rollback()
            wait_for(lambda: silent.value(ROW_IS_AWAITED), seconds=20)
            silent.kill("worker_default")
            assert granted(silent, session) == (CREDITS, 1)

    assert event_of(silent, body)[0] == "processing"
    pass_claim(silent, body)
    wait_for(lambda: event_of(silent, body)[0] == "processed", seconds=40)
    assert granted(silent, session) == (CREDITS, 1)


def test_an_event_that_failed_is_tried_again_by_itself(silent, waiting):
    session, body = pay(silent, waiting.pop())
    silent.stripe.outage("error", calls=2, path="/v1/checkout/sessions/")

    post(silent, body)
    wait_for(lambda: event_of(silent, body)[2] != "", seconds=20)
    assert granted(silent, session) == (0, 0)

    wait_for(lambda: event_of(silent, body)[0] == "processed", seconds=40)
    assert granted(silent, session) == (CREDITS, 1)
    assert event_of(silent, body)[1] == 2


def test_deliveries_while_redis_is_down_are_taken_and_processed_later(silent, waiting):
    session, body = pay(silent, waiting.pop())
    silent.services.valkey.kill()
    try:
        started_at = time.monotonic()
        post(silent, body)
        seconds = time.monotonic() - started_at
    finally:
        silent.services.valkey.start()

    assert seconds < 5
    wait_for(lambda: granted(silent, session) == (CREDITS, 1), seconds=60)


def test_deliveries_while_postgresql_is_down_are_not_taken_and_come_again(silent, waiting):
    session, body = pay(silent, waiting.pop())
    silent.services.postgres.stop(mode="immediate")
    try:
        assert post_all(silent, [body], at_once=1) == [503]
    finally:
        silent.services.postgres.start()
    silent.wait_until_ready()

    post(silent, body)
    wait_for(lambda: granted(silent, session) == (CREDITS, 1), seconds=40)


def test_an_endpoint_that_was_down_for_three_days_is_caught_up_with(silent, waiting):
    """The last of those who take a session that waits: after three days none of them waits any more."""
    session, body = pay(silent, waiting.pop())
    silent.stripe.drop()
    silent.stripe.advance(days=3, settle_seconds=0)
    assert granted(silent, session) == (0, 0)

    silent.run(f"{sys.executable} manage.py shell -c 'from apps.billing.tasks import catch_up; catch_up()'")
    wait_for(lambda: granted(silent, session) == (CREDITS, 1), seconds=40)
    post(silent, body)
    wait_for(lambda: event_of(silent, body)[0] == "processed", seconds=40)

    assert granted(silent, session) == (CREDITS, 1)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", [10, pytest.param(100, marks=pytest.mark.long)])
def test_fifty_copies_of_each_of_so_many_events_at_once_have_one_effect_each(silent, number):
    paid = [pay(silent, session) for session in crowd(silent, number)]
    posts = [body for _session, body in paid for _copy in range(COPIES)]

    statuses = post_all(silent, posts, at_once=AT_ONCE)

    assert statuses == [204] * (COPIES * number)
    for session, _body in paid:
        wait_for(lambda session=session: granted(silent, session) == (CREDITS, 1), seconds=60)
    assert {event_of(silent, body)[:2] for _session, body in paid} == {("processed", 1)}
    # Each copy rang for a worker: the next test finds them at rest.
    wait_for(lambda: redis.Redis.from_url(silent.services.valkey.url()).llen("default") == 0, seconds=300)


def crowd(product, number):
    """Return the sessions of so many new people."""
    return product.run(f"{sys.executable} -m tests.faults.crowd {number}").split()


def pay(product, session):
    """Pay a session; return it with the body of the event that tells of it."""
    product.stripe.complete_checkout(session)
    told = next(each for each in product.stripe.events("checkout.session.completed")[::-1] if about(each) == session)
    return session, json.dumps(told).encode()


def about(told):
    return told["data"]["object"]["id"]


def post(product, body):
    """Deliver one event."""
    assert post_all(product, [body], at_once=1) == [204]


def event_id(body):
    return json.loads(body)["id"]


def event_of(product, body):
    """Return status, attempts and error of an event."""
    return product.rows(EVENT, event_id(body))[0]


def granted(product, session):
    """Return what a session has granted, and by how many entries."""
    return product.rows(GRANTED, f"payment:checkout:{session}")[0]


def pass_claim(product, body):
    """Let the time of a dead worker's claim run out."""
    with psycopg.connect(product.owner_url) as connection:
        connection.execute(
            "UPDATE billing_webhookevent SET next_attempt_at = now() WHERE stripe_id = %s", [event_id(body)]
        )


@contextmanager
def locked(product, sql, *parameters):
    """Hold a lock for the length of a block, or until the connection is rolled back."""
    with psycopg.connect(product.owner_url) as connection:
        connection.execute(sql, parameters)
        yield connection
        connection.rollback()
