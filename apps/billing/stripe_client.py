"""The only module that imports stripe: what Stripe sends is checked here, before anything believes it."""

import json
from dataclasses import dataclass
from typing import Any

import stripe
from django.conf import settings

from apps.core.errors import DomainError
from apps.core.text import storable

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
