"""A switch flipped in the admin of a running product: nothing new is called within two seconds, by web or worker."""

import time

from tests.product import wait_for

REASON = "We are looking at odd answers. Back at noon."
FLIP_SECONDS = 2
ALL = "stop:all"


def test_a_flipped_switch_stops_starts_what_waits_and_what_runs_and_flipped_back_it_runs(product, customer):
    running = customer.start("keel-trickle")
    customer.wait_until_streaming(running, characters=7)
    with product.stopped(ALL, reason=REASON, stops_running=True):
        wait_for(lambda: product.call_of(running)["state"] == "aborted", seconds=FLIP_SECONDS)
        assert customer.wait_until_terminal(running) == "canceled"
        assert REASON in customer.client.get(f"/generations/{running}/").text

    assert customer.wait_until_terminal(customer.start("keel-echo", "it runs again now")) == "succeeded"


def test_no_call_is_made_while_it_is_stopped_whoever_asks(product, customer):
    product.supervisor.stop(["worker_generation"])
    waiting = [customer.start("keel-echo", f"number {number} of these texts") for number in range(3)]
    with product.stopped(ALL, reason=REASON):
        made = len(product.calls())
        product.supervisor.start("worker_generation")
        refused = refuse_many(customer, seconds=FLIP_SECONDS)
        ends = {customer.wait_until_terminal(generation) for generation in waiting}

        assert (ends, len(product.calls())) == ({"failed"}, made)
        assert refused == {503}

    codes = product.rows("SELECT DISTINCT error_code FROM generation_generation WHERE id = ANY(%s::uuid[])", waiting)
    assert codes == [("generation_paused",)]
    assert customer.wait_until_terminal(customer.start("keel-echo", "it runs again now")) == "succeeded"


def refuse_many(customer, *, seconds: float) -> set[int]:
    """Send the composer's form again and again; return the statuses that came."""
    fields = {"product": "Test", "details": "Tell me about tides.", "tone": "Friendly", "model": "keel-echo"}
    statuses, ends_at = set(), time.monotonic() + seconds
    while time.monotonic() < ends_at:
        page = "/generations/new/?template=product-announcement"
        answer = customer.submit(page, fields=fields, action="/generations/")
        assert REASON in answer.text
        statuses.add(answer.status_code)
    return statuses
