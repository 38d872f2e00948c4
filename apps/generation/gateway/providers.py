"""Which module speaks to which provider. An SDK takes a second to import, so only those who call one pay for it."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from apps.generation.gateway.interruptible import Guard
from apps.generation.gateway.types import Event, ProviderRequest

OPENAI = "openai"
MODULES = {OPENAI: "apps.generation.gateway.openai_provider"}


def load() -> None:
    """Import every provider's module: for a worker, which must not stand still at its first generation."""
    for name in MODULES:
        _module(name)


def stream(name: str, request: ProviderRequest, *, guard: Guard) -> Iterator[Event]:
    """Call a provider once; see the `stream` of its module for what comes back and what is raised."""
    events: Iterator[Event] = _module(name).stream(request, guard=guard)
    return events


def _module(name: str) -> Any:
    return import_module(MODULES[name])
