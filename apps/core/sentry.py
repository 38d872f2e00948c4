"""What reaches Sentry: where it broke, never what a customer typed, which keys they hold or where their links lead."""

from typing import Any
from urllib.parse import urlsplit

import sentry_sdk
from sentry_sdk.integrations.openai import OpenAIIntegration
from sentry_sdk.transport import Transport
from sentry_sdk.types import Event, Hint

from apps.core.http import FILTERED, without_secrets
from apps.core.request_id import current_request_id

# Headers that tell something about the fault and nothing about the person.
HEADERS_KEPT = {
    "accept",
    "content-length",
    "content-type",
    "host",
    "hx-request",
    "hx-target",
    "user-agent",
    "x-request-id",
}


def init_sentry(*, dsn: str, environment: str, transport: type[Transport] | Transport | None = None) -> None:
    """Send errors to Sentry without personal data, request bodies, local variables or prompts."""
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        transport=transport,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        integrations=[OpenAIIntegration(include_prompts=False)],
        before_send=scrub,
        before_send_transaction=scrub,
        before_breadcrumb=_scrub_breadcrumb,
    )


def scrub(event: Event, hint: Hint) -> Event:
    """Remove bodies, cookies, credentials and query strings from an event, and add the request id."""
    request = event.get("request")
    if isinstance(request, dict):
        event["request"] = _scrub_request(request)
    event.setdefault("tags", {})["request_id"] = current_request_id()
    event.pop("user", None)
    return event


def _scrub_request(request: dict[str, Any]) -> dict[str, Any]:
    headers = request.get("headers") or {}
    scrubbed = {
        "method": request.get("method"),
        "url": _scrub_url(str(request.get("url", ""))),
        "headers": {name: value for name, value in headers.items() if name.lower() in HEADERS_KEPT},
    }
    if request.get("query_string"):
        scrubbed["query_string"] = FILTERED
    return scrubbed


def _scrub_url(url: str) -> str:
    return without_secrets(urlsplit(url)._replace(query="", fragment="").geturl())


def _scrub_breadcrumb(breadcrumb: dict[str, Any], hint: Hint) -> dict[str, Any]:
    data = breadcrumb.get("data")
    if isinstance(data, dict):
        if "url" in data:
            data["url"] = _scrub_url(str(data["url"]))
        for secret in ("http.query", "http.fragment"):
            data.pop(secret, None)
    return breadcrumb
