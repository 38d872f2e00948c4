"""What happens by itself when time passes: renewals, retries, ends of trials, expiries; each at its own second."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from dev.stripe_server.resources import checkout, collection, items, periods, statuses
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

RENEWING = ("active", "trialing", "past_due", "unpaid")
# A first payment can be made for so long.
INCOMPLETE_SECONDS = 23 * 3600
# Nothing is planned for an object in another status.
PLANNING = frozenset({*RENEWING, "incomplete", "draft", "open"})


@dataclass(frozen=True, order=True)
class Happening:
    """Something that is due at a second; of two at the same second the one of lower rank comes first."""

    at: int
    rank: int
    action: str
    object_id: str


def advance(world: World, *, to: int, clock_id: str | None = None) -> int:
    """Let time pass until this second, for everybody or for the customers of a test clock; return how much happened."""
    happened = 0
    while due := [each for each in _agenda(world, clock_id=clock_id) if each.at <= to]:
        happened += _work_off(world, due=due, to=to, clock_id=clock_id)
    world.set_now(to, clock_id=clock_id)
    return happened


def catch_up(world: World) -> int:
    """Do what has become due while the clock ran by itself."""
    now = world.now()
    if all(each.at > now for each in _agenda(world, clock_id=None)):
        return 0
    return advance(world, to=now)


def _work_off(world: World, *, due: list[Happening], to: int, clock_id: str | None) -> int:
    """Let happen what is due, the earliest first, with what comes of it for the same objects; return how much."""
    heapq.heapify(due)
    happened = 0
    while due:
        happening = heapq.heappop(due)
        found = world.find_any(happening.object_id)
        # An earlier happening may have made this one void, and one that was planned twice happens once.
        if found is None or happening not in _of_object(world, found=found):
            continue
        world.set_now(max(happening.at, _now(world, clock_id=clock_id)), clock_id=clock_id)
        _happen(world, happening=happening)
        happened += 1
        for each in _touched(world, found=found):
            for planned in _of_object(world, found=each):
                if planned.at <= to:
                    heapq.heappush(due, planned)
    return happened


def _touched(world: World, *, found: Object) -> list[Object]:
    """Return the objects whose plans a happening changes: subscription and latest invoice."""
    subscription = found if found["object"] == "subscription" else None
    if found["object"] == "invoice":
        subscription = statuses.find_subscription(world, invoice=found)
    latest = world.find("invoice", subscription["latest_invoice"] or "") if subscription else None
    return [each for each in (found, subscription, latest) if each is not None]


def _now(world: World, *, clock_id: str | None) -> int:
    return world.now() if clock_id is None else int(world.get("test_helpers.test_clock", clock_id)["frozen_time"])


def _agenda(world: World, *, clock_id: str | None) -> Iterator[Happening]:
    for kind in ("subscription", "invoice", checkout.KIND):
        for found in world.all(kind):
            if found["status"] in PLANNING and _clock_of(world, found=found) == clock_id:
                yield from _of_object(world, found=found)


def _clock_of(world: World, *, found: Object) -> str | None:
    return found["test_clock"] if "test_clock" in found else world.clock_id(found["customer"])


def _of_object(world: World, *, found: Object) -> list[Happening]:
    """Return what is planned for an object now."""
    if found["object"] == "subscription":
        return list(_of_subscription(world, subscription=found))
    if found["object"] == "invoice":
        return list(_of_invoice(found))
    is_open = found["status"] == checkout.OPEN
    return [Happening(found["expires_at"], 0, "expire_session", found["id"])] if is_open else []


def _of_subscription(world: World, *, subscription: Object) -> Iterator[Happening]:
    made, note = subscription["id"], world.notes.get(subscription["id"], {})
    if subscription["status"] == "incomplete":
        yield Happening(subscription["created"] + INCOMPLETE_SECONDS, 0, "give_up_first_payment", made)
    if subscription["status"] not in RENEWING:
        return
    end = items.period_of(subscription)[1]
    yield Happening(end, 2, "renew", made)
    if subscription["cancel_at"] is not None and subscription["cancel_at"] < end:
        yield Happening(subscription["cancel_at"], 1, "end", made)
    if note.get("announced") != end and subscription["cancel_at"] is None:
        yield Happening(periods.upcoming_at(subscription), 0, "announce_renewal", made)
    if subscription["status"] == "trialing" and not note.get("trial_announced"):
        yield Happening(periods.trial_notice_at(subscription), 0, "announce_trial_end", made)


def _of_invoice(invoice: Object) -> Iterator[Happening]:
    if invoice["status"] == "draft" and invoice["automatically_finalizes_at"] is not None:
        yield Happening(invoice["automatically_finalizes_at"], 0, "finalize", invoice["id"])
    if invoice["status"] == "open" and invoice["next_payment_attempt"] is not None:
        yield Happening(invoice["next_payment_attempt"], 0, "retry", invoice["id"])


def _happen(world: World, *, happening: Happening) -> None:
    found = world.find_any(happening.object_id)
    assert found is not None
    match happening.action:
        case "renew":
            periods.renew(world, subscription=found)
        case "end":
            periods.end_of_term(world, subscription=found)
        case "announce_renewal":
            periods.announce_renewal(world, subscription=found)
        case "announce_trial_end":
            periods.announce_trial_end(world, subscription=found)
        case "give_up_first_payment":
            statuses.end(world, subscription=found, reason="payment_failed")
        case "finalize":
            collection.finalize_and_collect(world, invoice=found)
        case "retry":
            collection.collect(world, invoice=found, is_off_session=True)
        case "expire_session":
            checkout.expire(world, session=found)
