"""The only module that imports stripe: asks it, and checks what it sends before anything believes it.

What it answers is passed on as plain dicts. Whoever mirrors an object takes a ticket before asking for it: a row is
only overwritten by a later ticket. An answer that was asked for later is never older, so in whatever order parallel
answers arrive, the row ends at one that was asked for after the last event came in.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import stripe
from django.conf import settings
from django.core.cache import cache as shared_cache
from django.db import connection
from django.utils.translation import gettext_lazy as _

from apps.billing.catalogue import UnknownOfferError
from apps.core.errors import DomainError
from apps.core.text import storable

# The version that shapes of objects are read by; a webhook endpoint is made with the same one.
API_VERSION = "2026-10-28.endive"
TIMEOUT_SECONDS = 10.0
# The library repeats a request with its idempotency key when the connection broke or Stripe was overloaded.
NETWORK_RETRIES = 1
PRICE_CACHED_SECONDS = 60

Ask = Callable[[Any], Any]


class StripeUnavailableError(DomainError):
    """Stripe did not answer, or was overloaded; whether it did what was asked is not known."""

    code = "stripe_unavailable"
    status = 503
    sentence = _("Our payment service does not answer right now. Nothing was charged; please try again in a minute.")
    retry_after_seconds = 60


class StripeRefusedError(DomainError):
    """Stripe refused a request of ours; `stripe_code` is its own word for the reason."""

    code = "stripe_refused"
    status = 502
    sentence = _("Our payment service refused this. Nothing was charged; we have been told.")

    def __init__(self, message: str, *, stripe_code: str) -> None:
        super().__init__()
        self.message, self.stripe_code = message, stripe_code

    def __str__(self) -> str:
        return f"{self.stripe_code}: {self.message}"


class ObjectNotFoundError(StripeRefusedError):
    """Stripe has no such object (any more)."""


class CardDeclinedError(StripeRefusedError):
    """The bank said no, or wants the customer to confirm; nothing was charged."""

    code = "card_declined"
    status = 402
    sentence = _("The card was declined. Try another card.")

    def __init__(self, message: str, *, stripe_code: str, decline_code: str, payment_intent_id: str) -> None:
        super().__init__(message, stripe_code=stripe_code)
        self.decline_code, self.payment_intent_id = decline_code, payment_intent_id


def is_configured() -> bool:
    """Tell whether anything can be sold: the secret key is set."""
    return bool(settings.STRIPE_SECRET_KEY)


def is_live() -> bool:
    """Tell whether the key moves real money."""
    return "_live_" in settings.STRIPE_SECRET_KEY


def ask(call: Ask) -> dict[str, Any]:
    """Return what Stripe answers to one call, for example `ask(lambda v1: v1.prices.retrieve("price_1"))`.

    Outside of a transaction the database connection is given back before the wait. Raises StripeUnavailableError,
    ObjectNotFoundError, CardDeclinedError or StripeRefusedError.
    """
    _let_go_of_database()
    try:
        answer: dict[str, Any] = call(_client().v1).to_dict(for_json=True)
    except stripe.StripeError as error:
        raise _translate(error) from error
    return answer


def walk(call: Ask) -> Iterator[dict[str, Any]]:
    """Yield every object of a list, page after page. Raises what `ask` raises."""
    _let_go_of_database()
    try:
        for found in call(_client().v1).auto_paging_iter():
            yield found.to_dict(for_json=True)
    except stripe.StripeError as error:
        raise _translate(error) from error


def next_ticket() -> int:
    """Return the number of a fetch that begins now: higher than that of every fetch that began before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('billing_fetch_ticket')")
        ticket: int = cursor.fetchone()[0]
    return ticket


def find_price(lookup_key: str) -> dict[str, Any]:
    """Return the active price of an offer, known for a minute. Raises UnknownOfferError: run `manage.py sync_plans`."""
    key = f"billing.price.{lookup_key}"
    known: dict[str, Any] | None = shared_cache.get(key)
    if known is None:
        known = next(walk(lambda v1: v1.prices.list({"lookup_keys": [lookup_key], "active": True})), None)
        if known is None:
            raise UnknownOfferError
        shared_cache.set(key, known, PRICE_CACHED_SECONDS)
    return known


def forget_price(lookup_key: str) -> None:
    """Ask Stripe at the next use of an offer: its price was replaced."""
    shared_cache.delete(f"billing.price.{lookup_key}")


# Stripe signs each delivery anew, retries too: one that is older, or comes from the future, is a replay or a forgery.
TOLERANCE_SECONDS = 300
NAME_LENGTH_MAX = 255


class InvalidSignatureError(DomainError):
    """A delivery was not signed with our secret, or not within the last minutes."""

    code = "invalid_signature"
    status = 400
    sentence = "The signature of this delivery is not valid."


class MalformedEventError(DomainError):
    """A signed delivery is not an event of Stripe's."""

    code = "malformed_event"
    status = 400
    sentence = "This delivery is not an event."


@dataclass(frozen=True)
class Event:
    """A delivery that Stripe has signed. The payload's order and age prove nothing: handlers fetch the object anew."""

    stripe_id: str
    type: str
    payload: dict[str, Any]


def construct_event(*, body: bytes, signature: str, now: float) -> Event:
    """Return the event that a delivery brings; `now` is the time in seconds since 1970.

    Raises InvalidSignatureError or MalformedEventError, whatever the bytes are.
    """
    _require_signed(body, signature=signature, now=now)
    payload = _parse(body)
    stripe_id, name = payload.get("id"), payload.get("type")
    if payload.get("object") != "event" or not _is_name(stripe_id) or not _is_name(name):
        raise MalformedEventError
    return Event(stripe_id=str(stripe_id), type=str(name), payload=payload)


def event_of(told: dict[str, Any]) -> Event:
    """Return an event that Stripe told when it was asked, as if it had been delivered."""
    # The library makes Decimals of numbers that Stripe sends as text.
    payload = json.loads(json.dumps(told, default=str))
    return Event(stripe_id=told["id"], type=told["type"], payload=_storable(payload))


@cache
def _client() -> stripe.StripeClient:
    addresses: Any = {"api": settings.STRIPE_API_BASE} if settings.STRIPE_API_BASE else None
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        stripe_version=API_VERSION,
        base_addresses=addresses,
        max_network_retries=NETWORK_RETRIES,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
    )


def _let_go_of_database() -> None:
    if not connection.in_atomic_block:
        connection.close()


def _translate(error: stripe.StripeError) -> DomainError:
    """Return our error for one of the library's."""
    status = error.http_status or 0
    if isinstance(error, stripe.APIConnectionError | stripe.RateLimitError) or status >= 500 or status == 409:
        return StripeUnavailableError()
    code, message = error.code or type(error).__name__, str(error.user_message or error)
    if isinstance(error, stripe.CardError):
        details = error.error.to_dict() if error.error else {}
        intent = details.get("payment_intent") or {}
        return CardDeclinedError(
            message,
            stripe_code=code,
            decline_code=details.get("decline_code") or code,
            payment_intent_id=intent.get("id", ""),
        )
    if status == 404 or code == "resource_missing":
        return ObjectNotFoundError(message, stripe_code=code)
    return StripeRefusedError(message, stripe_code=code)


def _require_signed(body: bytes, *, signature: str, now: float) -> None:
    try:
        stripe.WebhookSignature.verify_header(body, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE_SECONDS)
    except (stripe.SignatureVerificationError, UnicodeError, TypeError):
        # The library decodes the body before it checks it, and cannot compare a signature that is not ASCII.
        raise InvalidSignatureError from None
    # The library has read the first "t" and refuses what is too old, but not what is dated in the future.
    signed_at = next(int(item[2:]) for item in signature.split(",") if item.startswith("t="))
    if signed_at > now + TOLERANCE_SECONDS:
        raise InvalidSignatureError


def _parse(body: bytes) -> dict[str, Any]:
    try:
        payload = _storable(json.loads(body))
        # NaN and Infinity pass Python's parser, but are no JSON to PostgreSQL.
        json.dumps(payload, allow_nan=False)
    except (ValueError, RecursionError):
        raise MalformedEventError from None
    if not isinstance(payload, dict):
        raise MalformedEventError
    return payload


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): _storable(item) for key, item in value.items()}
    return value


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= NAME_LENGTH_MAX
