"""Test clocks: the time of some customers, moved by calls."""

import stripe

from dev.stripe_server import lifecycle
from dev.stripe_server.calendar import DAY
from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError
from dev.stripe_server.shapes import Object

KIND = "test_helpers.test_clock"
LIFE_DAYS = 30


def create(call: Call) -> Object:
    """Make a clock that stands still at a time."""
    return call.world.add(
        stripe.test_helpers.TestClock,
        prefix="clock_",
        deletes_after=call.world.now() + LIFE_DAYS * DAY,
        frozen_time=call.params["frozen_time"],
        name=call.get("name"),
        status="ready",
        status_details={},
    )


def advance(call: Call) -> Object:
    """Move a clock ahead. It answers `advancing`, as Stripe does; asked again it is ready."""
    clock = call.world.get(KIND, call.id)
    if call.params["frozen_time"] <= clock["frozen_time"]:
        message = "Test clocks can only be advanced to a time after their current frozen time."
        raise StripeError(message, param="frozen_time")
    lifecycle.advance(call.world, to=call.params["frozen_time"], clock_id=clock["id"])
    details = {"advancing": {"target_frozen_time": call.params["frozen_time"]}}
    call.world.emit("test_helpers.test_clock.ready", clock)
    return {**clock, "status": "advancing", "status_details": details}


def delete(call: Call) -> Object:
    """Delete a clock and its customers."""
    clock = call.world.get(KIND, call.id)
    for customer in call.world.all("customer"):
        if customer["test_clock"] == clock["id"]:
            call.world.change(customer, deleted=True)
            _end_subscriptions(call, customer=customer)
    call.world.change(clock, deleted=True)
    return {"id": clock["id"], "object": KIND, "deleted": True}


def _end_subscriptions(call: Call, *, customer: Object) -> None:
    for each in call.world.all("subscription"):
        if each["customer"] == customer["id"]:
            call.world.change(each, status="canceled")
