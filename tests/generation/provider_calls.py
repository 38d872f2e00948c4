"""Steps of the tests of protocols: call the local model server once, as one protocol or the other, without any rows."""

from dataclasses import dataclass, field
from typing import Any

import httpx2
from django.conf import settings

from apps.generation.gateway import errors, providers
from apps.generation.gateway.types import Completion, Delta, Endpoint, Head, Permit, ProviderRequest

OPENAI, ANTHROPIC = "openai", "anthropic"
PROTOCOLS = [OPENAI, ANTHROPIC]
MESSAGES = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "What are tides?"})


@dataclass
class Heard:
    """What came back from one call."""

    head: Head | None = None
    text: str = ""
    refused: bool = False
    completion: Completion | None = None
    error: errors.ProviderError | None = None
    order: list[str] = field(default_factory=list)


def endpoint(protocol: str, *, provider: str = "", base_url: str = "", key: str = "local", **more: Any) -> Endpoint:
    """Return where the local model server speaks a protocol, as itself or as a provider of its own."""
    return Endpoint(
        name=provider or protocol, protocol=protocol, base_url=base_url or address(provider), key=key, **more
    )


def address(provider: str) -> str:
    """Return the address of a provider of the local model server."""
    below = f"/providers/{provider}/v1" if provider else "/v1"
    return settings.OPENAI_BASE_URL.removesuffix("/v1") + below


def set_failure(provider: str, status: int) -> None:
    """Let a provider of the local model server refuse everything, until the journal is emptied."""
    httpx2.put(address(provider).removesuffix("/v1") + f"/failure/{status}").raise_for_status()


def heal(provider: str) -> None:
    """Let it answer again."""
    httpx2.delete(address(provider).removesuffix("/v1") + "/failure").raise_for_status()


def ask(
    model: str, *, messages: tuple[dict[str, str], ...] = MESSAGES, most: int = 1200, **more: Any
) -> ProviderRequest:
    """Return a request."""
    return ProviderRequest(model=model, messages=messages, output_tokens_max=most, request_id="contract", **more)


def call(where: Endpoint, request: ProviderRequest, *, guard: Any = lambda: None) -> Heard:
    """Call once and return everything that came."""
    heard = Heard()
    try:
        for event in providers.stream(where, request, guard=guard, permit=Permit(where.name)):
            heard.order.append(type(event).__name__)
            if isinstance(event, Head):
                heard.head = event
            elif isinstance(event, Delta):
                heard.text += event.text
                heard.refused = heard.refused or event.refusal
            else:
                heard.completion = event
    except errors.ProviderError as error:
        heard.error = error
    return heard
