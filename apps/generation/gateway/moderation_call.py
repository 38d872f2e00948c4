"""One question to the provider's moderation endpoint, OpenAI style."""

from typing import Any

import httpx2
from django.conf import settings

from apps.generation.gateway import errors
from apps.generation.gateway.types import Permit

PROVIDER = "openai"
MODEL = "omni-moderation-latest"
# A person waits for it, before the first word and after the last one.
TIMEOUT_SECONDS = 4.0


def flags(text: str, *, permit: Permit) -> list[str]:
    """Return the categories for which a text is flagged. Raises ModerationUnavailableError without a clear answer."""
    permit.use(PROVIDER)
    try:
        answer = httpx2.post(
            f"{settings.OPENAI_BASE_URL.rstrip('/')}/moderations",
            json={"model": MODEL, "input": text},
            headers={"Authorization": f"Bearer {settings.OPENAI_API_KEY}"},
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
        )
        answer.raise_for_status()
        return _flagged(answer.json())
    except (httpx2.HTTPError, OSError, ValueError, KeyError, TypeError) as error:
        raise errors.ModerationUnavailableError(type(error).__name__) from error


def _flagged(body: Any) -> list[str]:
    found: list[str] = []
    for result in body["results"]:
        if result["flagged"] is True:
            found += sorted(name for name, is_flagged in result["categories"].items() if is_flagged) or ["flagged"]
    return found
