"""What outlives the process."""

import json
import time

from tests.stripe import StandIn

SOMEBODY = {"email": "a@example.com"}


def test_objects_time_and_keys_outlive_a_restart(tmp_path):
    with StandIn(state=tmp_path / "stripe.json") as stand_in:
        made = stand_in.client.v1.customers.create(SOMEBODY, {"idempotency_key": "k"})
        stand_in.advance(seconds=3600)
        then = stand_in.now
        stand_in.stop()
        stand_in.start()

        assert stand_in.client.v1.customers.create(SOMEBODY, {"idempotency_key": "k"}).id == made.id
        assert then <= stand_in.now < then + 60
        assert [event["type"] for event in stand_in.events()] == ["customer.created"]


def test_a_killed_process_leaves_a_whole_file(tmp_path):
    state = tmp_path / "stripe.json"
    with StandIn(state=state) as stand_in:
        made = stand_in.client.v1.customers.create(SOMEBODY)
        deadline = time.monotonic() + 10
        while not (state.exists() and made.id in state.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        stand_in.kill()
        json.loads(state.read_text())
        stand_in.start()

        assert stand_in.client.v1.customers.retrieve(made.id).email == SOMEBODY["email"]


def test_what_was_held_is_delivered_after_a_restart(tmp_path, receiver):
    with StandIn(state=tmp_path / "stripe.json", webhook_url=receiver.url) as stand_in:
        stand_in.hold_deliveries()
        stand_in.client.v1.customers.create(SOMEBODY)
        stand_in.stop()
        stand_in.start()

        assert stand_in.release_deliveries()
        assert len(receiver.received) == 1
