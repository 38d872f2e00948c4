"""Which module speaks which protocol. An SDK takes a second to import, so only those who call one pay for it."""

from collections.abc import Iterator
from importlib import import_module
from typing import cast

from apps.generation.gateway.types import Endpoint, Event, Guard, Permit, Provider, ProviderRequest

MODULES = {
    "openai": "apps.generation.gateway.openai_provider",
    "anthropic": "apps.generation.gateway.anthropic_provider",
}


def load() -> None:
    """Import every protocol's module: for a worker, which must not stand still at its first generation."""
    for protocol in MODULES:
        _module(protocol)


def stream(endpoint: Endpoint, request: ProviderRequest, *, guard: Guard, permit: Permit) -> Iterator[Event]:
    """Call a provider once; see `types.Provider` for what comes back and what is raised."""
    permit.use(endpoint.name)
    return _module(endpoint.protocol).stream(endpoint, request, guard=guard)


def _module(protocol: str) -> Provider:
    return cast("Provider", import_module(MODULES[protocol]))
