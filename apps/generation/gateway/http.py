"""What every protocol needs of HTTP: timeouts, connections that can be called off, and what went wrong with them."""

from datetime import UTC, datetime
from typing import Any

import httpx2
from django.conf import settings

from apps.core.text import storable
from apps.generation.gateway import errors
from apps.generation.gateway.interruptible import InterruptibleTransport
from apps.generation.gateway.retry import retry_after_seconds
from apps.generation.gateway.types import Head

CONNECT_TIMEOUT_SECONDS = 5.0
CONNECTIONS_MAX = 1000
REQUEST_ID_LENGTH_MAX = 128
REQUEST_ID_HEADERS = ("x-request-id", "request-id", "apim-request-id")


def client_options() -> dict[str, Any]:
    """Return how clients are made: a redirect would take the key along, so it is not followed."""
    limits = httpx2.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=100)
    return {"transport": InterruptibleTransport(limits=limits), "follow_redirects": False}


def timeout() -> httpx2.Timeout:
    """Return a backstop: the guard's deadlines are tighter."""
    return httpx2.Timeout(settings.GENERATION_DEADLINES["total"], connect=CONNECT_TIMEOUT_SECONDS)


def head_of(response: httpx2.Response) -> Head:
    """Return the beginning of a response."""
    return Head(response.status_code, request_id_of(response.headers))


def answered(error: errors.ProviderError, response: httpx2.Response) -> errors.ProviderError:
    """Return the error of a response with what is known of that response."""
    error.response_status, error.request_id = response.status_code, request_id_of(response.headers)
    return error


def request_id_of(headers: httpx2.Headers) -> str:
    """Return the id under which the provider finds a call; empty if it names none."""
    named = next((headers[name] for name in REQUEST_ID_HEADERS if headers.get(name)), "")
    return storable(named)[:REQUEST_ID_LENGTH_MAX]


def retry_after_of(headers: httpx2.Headers) -> float | None:
    """Return the seconds that a provider asks to wait, if it does."""
    return retry_after_seconds(headers.get("retry-after", ""), now=datetime.now(UTC))


def require_event_stream(headers: httpx2.Headers) -> None:
    """Refuse what is no stream: a proxy's page, say. Raises MalformedStreamError."""
    if not headers.get("content-type", "").startswith("text/event-stream"):
        raise errors.MalformedStreamError(f"the answer is {headers.get('content-type', 'of no type')}")


def cause_of(error: Exception, *, output_started: bool) -> errors.ProviderError:
    """Return why a call broke: what the guard raised, however it was wrapped, else what it means for the text."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, errors.ProviderError):
            return cause
        cause = cause.__cause__
    if output_started:
        return errors.StreamInterruptedError(str(error))
    return errors.ProviderUnavailableError(f"{type(error).__name__}: {error}")
