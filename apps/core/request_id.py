"""One id follows a request from the browser to the worker, the provider, the ledger and every log line."""

import re
import secrets

import structlog

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9-]{8,64}")


def bind_request_id(offered: str | None = None) -> str:
    """Bind a request id to the current context and return it.

    An id offered by the caller is kept when it is 8 to 64 letters, digits or dashes (it is copied into SQL comments
    and headers); otherwise a new one is made.
    """
    well_formed = offered is not None and _WELL_FORMED.fullmatch(offered)
    request_id = offered if offered and well_formed else secrets.token_hex(8)
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def current_request_id() -> str:
    """Return the id bound to the current context, or an empty string outside of any request."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))
