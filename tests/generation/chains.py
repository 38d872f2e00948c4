"""A catalogue of two providers for tests of what answers in whose place: both are the local model server."""

from pathlib import Path
from typing import Any

import yaml

from apps.generation.gateway import breaker
from tests.generation import provider_calls

FIRST, SECOND = "first", "second"
# The first speaks one protocol, the second the other: a fallback crosses over.
PROVIDERS = [
    {"name": "openai", "protocol": "openai", "base_url": "OPENAI_BASE_URL", "key": "OPENAI_API_KEY"},
    {"name": FIRST, "protocol": "openai", "base_url": "FIRST_BASE_URL", "key": "FIRST_API_KEY"},
    {"name": SECOND, "protocol": "anthropic", "base_url": "SECOND_BASE_URL", "key": "SECOND_API_KEY"},
]


def model(name: str, *, provider: str = FIRST, runs: str = "keel-demo-fast", **more: Any) -> dict[str, Any]:
    """Return a model of a provider that is really one of the local model server's."""
    return {"name": name, "provider": provider, "model": runs, **more}


def offer(settings: Any, folder: Path, *models: dict[str, Any], **more: Any) -> None:
    """Offer these models, and no others besides those of the local model server; all breakers are closed."""
    path = folder / f"models-{len(list(folder.iterdir()))}.yaml"
    path.write_text(yaml.safe_dump({"providers": PROVIDERS, "models": list(models), **more}))
    settings.MODELS_FILE = str(path)
    keys = {"FIRST_API_KEY": "local", "SECOND_API_KEY": "local"}
    addresses = {f"{name.upper()}_BASE_URL": provider_calls.address(name) for name in (FIRST, SECOND)}
    settings.PROVIDER_VARIABLES = keys | addresses
    for name in (FIRST, SECOND):
        breaker.reset(name)
