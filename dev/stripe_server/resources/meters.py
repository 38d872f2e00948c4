"""Meters: usage that is reported now and invoiced at the end of the period."""

from decimal import Decimal

import stripe

from dev.stripe_server.calendar import DAY, HOUR
from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError
from dev.stripe_server.listing import page
from dev.stripe_server.resources import customers
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World, new_id

KIND, EVENT_KIND = "billing.meter", "billing.meter_event"
PAST_DAYS_MAX = 35
FUTURE_SECONDS_MAX = 300
# Stripe keeps an identifier unique for at least a day.
IDENTIFIER_SECONDS = DAY


def create(call: Call) -> Object:
    """Make a meter; the name of its events is its own."""
    name = call.params["event_name"]
    if any(each["event_name"] == name and each["status"] == "active" for each in call.world.all(KIND)):
        raise StripeError(f"There is already an active meter with event name {name}.", param="event_name")
    mapping = {"type": "by_id", "event_payload_key": "stripe_customer_id", **call.get("customer_mapping", {})}
    meter = call.world.add(
        stripe.billing.Meter,
        prefix="mtr_",
        customer_mapping=mapping,
        default_aggregation=call.params["default_aggregation"],
        display_name=call.params["display_name"],
        event_name=name,
        event_time_window=call.get("event_time_window"),
        status="active",
        status_transitions={"deactivated_at": None},
        updated=call.world.now(),
        value_settings={"event_payload_key": "value", **call.get("value_settings", {})},
    )
    call.world.emit("billing.meter.created", meter)
    return meter


def update(call: Call) -> Object:
    """Rename a meter."""
    meter = call.world.get(KIND, call.id)
    call.world.update(meter, event="billing.meter.updated", **call.chosen("display_name"), updated=call.world.now())
    return meter


def create_event(call: Call) -> Object:
    """Report usage; an identifier that was used within a day is refused, so a repeated report counts once."""
    meter = next((each for each in call.world.all(KIND) if each["event_name"] == call.params["event_name"]), None)
    if meter is None:
        message = f"No active meter found matching event name {call.params['event_name']}."
        raise StripeError(message, code="resource_missing", param="event_name")
    payload = call.params["payload"]
    customer_id = payload.get(meter["customer_mapping"]["event_payload_key"], "")
    customers.get(call.world, customer_id, param="payload")
    _require_value(payload.get(meter["value_settings"]["event_payload_key"], ""), meter=meter)
    now = call.world.now(customer_id)
    timestamp = call.get("timestamp", now)
    if not now - PAST_DAYS_MAX * DAY <= timestamp <= now + FUTURE_SECONDS_MAX:
        raise StripeError("The timestamp must be within the past 35 days or 5 minutes ahead.", param="timestamp")
    identifier = call.get("identifier") or new_id("")
    _require_new(call.world, identifier=identifier, now=now)
    return call.world.add(
        stripe.billing.MeterEvent,
        prefix="mtev_",
        created=now,
        event_name=meter["event_name"],
        identifier=identifier,
        payload=payload,
        timestamp=timestamp,
    )


def list_summaries(call: Call) -> Object:
    """Sum up a customer's usage between two times, whole or by hour or day."""
    meter = call.world.get(KIND, call.id)
    customers.get(call.world, call.params["customer"], param="customer")
    start, end = call.params["start_time"], call.params["end_time"]
    window = {"hour": HOUR, "day": DAY, None: end - start}[call.get("value_grouping_window")]
    if window <= 0:
        raise StripeError("The end time must be after the start time.", param="end_time")
    made = [_summary(call, meter=meter, start=each, end=min(each + window, end)) for each in range(start, end, window)]
    unfiltered = Call(world=call.world, params=call.chosen("limit", "starting_after", "ending_before"), url=call.url)
    return page(unfiltered, objects=[each for each in made if each["aggregated_value"]], kind="meter_event_summary")


def usage(world: World, *, meter: Object, customer: str, start: int, end: int) -> Decimal:
    """Return a customer's usage from `start` until before `end`, as the meter aggregates it."""
    customer_key = meter["customer_mapping"]["event_payload_key"]
    value_key = meter["value_settings"]["event_payload_key"]
    values = [
        Decimal(each["payload"].get(value_key, "1"))
        for each in world.all(EVENT_KIND)
        if each["event_name"] == meter["event_name"]
        and each["payload"].get(customer_key) == customer
        and start <= each["timestamp"] < end
    ]
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return Decimal(len(values))
    if formula == "last":
        return values[-1] if values else Decimal(0)
    return sum(values, Decimal(0))


def _require_value(value: str, *, meter: Object) -> None:
    if meter["default_aggregation"]["formula"] == "count":
        return
    if not value.lstrip("-").isdigit():
        raise StripeError("The payload's value must be a whole number.", param="payload")


def _require_new(world: World, *, identifier: str, now: int) -> None:
    for each in reversed(world.all(EVENT_KIND)):
        if each["identifier"] == identifier and each["created"] > now - IDENTIFIER_SECONDS:
            message = f"An event already exists with identifier {identifier}."
            raise StripeError(message, param="identifier")


def _summary(call: Call, *, meter: Object, start: int, end: int) -> Object:
    customer = call.params["customer"]
    value = usage(call.world, meter=meter, customer=customer, start=start, end=end)
    return {
        "id": f"mtrusg_{meter['id'].removeprefix('mtr_')}_{start}",
        "object": "billing.meter_event_summary",
        "aggregated_value": float(value),
        "start_time": start,
        "end_time": end,
        "livemode": False,
        "meter": meter["id"],
    }
