"""What only a stand-in can be told, as JSON below `/_stand_in/`. Every public function is one address."""

import inspect
import time
from collections.abc import Callable
from typing import Any

from dev.stripe_server import lifecycle
from dev.stripe_server.api import Api
from dev.stripe_server.calendar import DAY
from dev.stripe_server.deliveries import Deliveries
from dev.stripe_server.errors import StripeError
from dev.stripe_server.outages import Outage
from dev.stripe_server.resources import (
    checkout,
    collection,
    completion,
    customers,
    disputes,
    invoices,
    items,
    periods,
    refunds,
)
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

SETTINGS = {"duplicates", "delay_seconds", "reorder_seconds", "seed", "drop_share", "drop_types", "is_paused"}
SETTINGS |= {"concurrency", "retry_seconds", "retry_days", "draft_seconds", "after_last_attempt"}
SETTINGS |= {"portal_cancels_with"}
SETTLE_SECONDS = 20
CARDS = {"good": customers.GOOD, "declined": customers.DECLINED, "insufficient_funds": customers.NO_FUNDS}
CARDS |= {"needs_action": customers.NEEDS_ACTION, "disputed": customers.DISPUTED}


class Control:
    """The control API. An address is the name of a method: `POST /_stand_in/advance` with `{"days": 31}`."""

    def __init__(self, *, world: World, api: Api, deliveries: Deliveries) -> None:
        self.outages: list[Outage] = []
        self._remembered: dict[str, str] = {}
        self._world = world
        self._api = api
        self._deliveries = deliveries

    async def answer(self, name: str, *, sent: dict[str, Any]) -> Any:
        """Do what was asked. Raises StripeError for an unknown name or wrong parameters."""
        method: Callable[..., Any] | None = None if name.startswith("_") else getattr(self, name, None)
        if method is None or name in ("answer", "outages"):
            raise StripeError(f"The stand-in cannot do {name!r}.", status=404)
        try:
            inspect.signature(method).bind(**sent)
        except TypeError as error:
            raise StripeError(f"{name}: {error}") from None
        result = method(**sent)
        return await result if inspect.isawaitable(result) else result

    def state(self) -> Object:
        """Return time, settings, and how many objects there are."""
        counts = {kind: len(objects) for kind, objects in self._world.data["objects"].items()}
        shared = {"now": self._world.now(), "offset_seconds": self._world.data["offset_seconds"], "objects": counts}
        return shared | {"settings": self._world.settings, "webhook_url": self._deliveries.url}

    def settings(self, **changes: Any) -> Object:
        """Change settings of deliveries, retries and drafts; null brings a default back."""
        if unknown := changes.keys() - SETTINGS:
            raise StripeError(
                f"Unknown settings: {', '.join(sorted(unknown))}. There are {', '.join(sorted(SETTINGS))}."
            )
        for name, value in changes.items():
            self._world.settings.pop(name, None)
            if value is not None:
                self._world.settings[name] = value
        if changes.get("seed") is not None:
            self._deliveries.seed(changes["seed"])
        self._deliveries.wake()
        return self._world.settings

    def webhook(self, url: str | None, secret: str | None = None) -> Object:
        """Send events elsewhere from now on, or nowhere."""
        self._deliveries.url = url
        self._deliveries.secret = secret or self._deliveries.secret
        return {"url": url}

    async def advance(
        self, *, seconds: float = 0, days: float = 0, to: int | None = None, settle_seconds: float = SETTLE_SECONDS
    ) -> Object:
        """Let time pass for everybody without a test clock, and wait until the events of it are delivered."""
        target = to if to is not None else int(self._world.now() + seconds + days * DAY)
        if target < self._world.now():
            raise StripeError("Time does not go back.")
        happened = lifecycle.advance(self._world, to=target)
        return {"now": self._world.now(), "happened": happened, **await self.settle(settle_seconds)}

    async def renew(self, subscription: str, *, settle_seconds: float = SETTLE_SECONDS) -> Object:
        """Let time pass until the subscription's next invoice has been finalized and tried."""
        found = self._world.get("subscription", subscription)
        target = max(items.period_of(found)[1], self._world.now()) + periods.draft_seconds(self._world)
        return await self.advance(to=target, settle_seconds=settle_seconds)

    async def settle(self, timeout_seconds: float = SETTLE_SECONDS) -> Object:
        """Wait until nothing waits to be delivered."""
        return {"is_settled": await self._deliveries.settle(timeout_seconds=timeout_seconds)}

    def deliveries(self, type: str | None = None, status: str | None = None) -> list[Object]:
        """List deliveries, the oldest first."""
        found = self._deliveries.records.values()
        return [each for each in found if type in (None, each["type"]) and status in (None, each["status"])]

    async def deliver(self, events: list[str]) -> list[Object]:
        """Deliver these events now, in this order; again if they were delivered before."""
        return await self._deliveries.deliver_now(events)

    def drop(self, type: str | None = None) -> Object:
        """Drop what waits to be delivered, all of it or one type."""
        return {"dropped": self._deliveries.forget(matches=lambda record: type in (None, record["type"]))}

    async def complete_checkout(
        self, session: str, *, outcome: str = completion.SUCCESS, code: str = "", email: str = "", name: str = ""
    ) -> Object:
        """Do on a session's page what a person would; `session` is its id or its address."""
        found = self._session(session)
        if code and not completion.use_code(self._world, session=found, code=code):
            raise StripeError(f"This code is invalid: {code}")
        details = {"email": email, "name": name}
        return completion.complete(self._world, session=found, outcome=outcome, details=details)

    def finish_delayed(self, session: str, *, is_paid: bool) -> Object:
        """Let the transfer of a delayed payment arrive, or fail; of a session, or of a later invoice."""
        invoice = self._world.find("invoice", session)
        if invoice:
            intent = invoices.find_intent(self._world, invoice=invoice)
            collection.finish_delayed(self._world, intent=intent or {"status": None}, is_paid=is_paid)
            return invoice
        return completion.finish_delayed(self._world, session=self._session(session), is_paid=is_paid)

    def expire_checkout(self, session: str) -> Object:
        """Let a session run out now."""
        found = self._session(session)
        completion.require_open(found)
        checkout.expire(self._world, session=found)
        return found

    def fail_payments(self, customer: str, *, times: int = -1, how: str = customers.DECLINED) -> Object:
        """Let the customer's next payments fail, so many or all; 0 ends it."""
        customers.get(self._world, customer)
        note = self._world.note(customer)
        note.update(failing_payments=times, failing_with=CARDS.get(how, how))
        return note

    def change_card(self, customer: str, *, card: str) -> Object:
        """Give a customer another card: good, declined, insufficient_funds, needs_action or disputed."""
        if card not in CARDS:
            raise StripeError(f"Unknown card: {card}. There are {', '.join(CARDS)}.")
        owner = customers.get(self._world, customer)
        method = customers.add_card(self._world, behavior=CARDS[card], customer=owner)
        customers.use_for_all(self._world, customer=owner, method=method)
        return method

    def refund(self, payment: str, *, amount: int | None = None) -> Object:
        """Refund from the dashboard: a charge, payment intent, invoice or session, in full or in part."""
        charge = self._charge(payment)
        return refunds.refund(self._world, charge=charge, amount=amount or charge["amount"] - charge["amount_refunded"])

    def fail_refund(self, refund: str) -> Object:
        """Let the customer's bank return a refund."""
        return refunds.fail_refund(self._world, made=self._world.get("refund", refund))

    def dispute(self, payment: str, *, reason: str = "fraudulent", amount: int | None = None) -> Object:
        """Open a dispute about a charge, payment intent, invoice or session."""
        charge = self._charge(payment)
        return disputes.open_dispute(self._world, charge=charge, reason=reason, amount=amount)

    def close_dispute(self, dispute: str, *, status: str) -> Object:
        """Decide a dispute: `won` or `lost`."""
        found = self._world.get("dispute", dispute)
        return disputes.close_dispute(self._world, dispute=found, status=status)

    def outage(self, kind: str, **more: Any) -> Object:
        """Trouble the next calls of the API."""
        try:
            self.outages.append(Outage(kind=kind, **more))
        except TypeError as error:
            raise StripeError(f"outage: {error}") from None
        return {"outages": [vars(each) for each in self.outages if each.calls]}

    def end_outages(self) -> Object:
        """Have no trouble any more."""
        self.outages.clear()
        return {"outages": []}

    def calls(self) -> list[Object]:
        """List the calls that the API has answered, the oldest first."""
        return self._api.log

    def reset(self) -> Object:
        """Forget everything: objects, deliveries, settings, outages, time."""
        self._world.clear()
        self._deliveries.clear()
        self._api.log.clear()
        self.outages.clear()
        return {"at": time.time()}

    def remember(self, name: str) -> Object:
        """Keep what there is now, less its events, under a name of the caller's."""
        self._remembered[name] = self._world.remember()
        return {"name": name}

    def recall(self, name: str) -> Object:
        """Forget everything but what was kept under this name, if that was ever done."""
        self.reset()
        if name in self._remembered:
            self._world.recall(self._remembered[name])
        return {"is_known": name in self._remembered}

    def _session(self, session: str) -> Object:
        return self._world.get(checkout.KIND, session.partition("?")[0].rstrip("/").rpartition("/")[2])

    def _charge(self, payment: str) -> Object:
        """Return the charge behind anything that was paid. Raises StripeError."""
        found: Object | None = self._world.find_any(payment)
        if found and found["object"] == checkout.KIND:
            found = self._world.find_any(found["payment_intent"] or found["invoice"] or "")
        if found and found["object"] == "invoice":
            found = invoices.find_intent(self._world, invoice=found)
        charge_id = found["latest_charge"] if found and found["object"] == "payment_intent" else payment
        return self._world.get("charge", charge_id or "")
