"""What a limit has left, in the headers RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http.response import HttpResponseBase


@dataclass(frozen=True)
class Reading:
    """How much of a limit is left: `remaining` of `amount` within any `seconds`; more of it in `reset_seconds`."""

    name: str
    amount: int
    seconds: int
    remaining: int
    reset_seconds: int


def headers_of(readings: Sequence[Reading]) -> dict[str, str]:
    """Return the two headers, or none where nothing is known."""
    if not readings:
        return {}
    policies = [f'"{one.name}";q={one.amount};w={one.seconds}' for one in readings]
    left = [f'"{one.name}";r={one.remaining};t={one.reset_seconds}' for one in readings]
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}


def put(response: HttpResponseBase, readings: Sequence[Reading]) -> None:
    """Put what is known into an answer."""
    for name, value in headers_of(readings).items():
        response[name] = value
