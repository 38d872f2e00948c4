"""What stands in on a laptop for services that cost money: the local model server, and the local Stripe.

Each is a process of its own that speaks the real protocol; the product knows nothing but its address.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.services.ports import LOOPBACK, free_port

MODEL_SERVER, STRIPE_SERVER = "model_server", "stripe_server"
NAMES = (MODEL_SERVER, STRIPE_SERVER)
STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET = "sk_test_stand_in", "whsec_stand_in"
SYNC_LINE = "python manage.py sync_plans --apply --quiet"


@dataclass(frozen=True)
class StandIn:
    """A process that stands in: how it is started, where it answers, what sends the product there."""

    name: str
    port: int
    health_path: str
    command: list[str]
    addresses: Mapping[str, str]
    # What the product has to do there once, before it is used.
    prepare_line: str = ""


def choose_stand_ins(*, environment: Mapping[str, str], site_url: str, var_dir: Path) -> list[StandIn]:
    """Return those that nothing real is configured for."""
    chosen = []
    if not environment.get("OPENAI_BASE_URL"):
        chosen.append(model_server(free_port()))
    if not environment.get("STRIPE_SECRET_KEY"):
        chosen.append(stripe_server(free_port(), site_url=site_url, state=var_dir / "stripe.json"))
    return chosen


def model_server(port: int) -> StandIn:
    """Return the local model server, with a slow and a breaking model beside the demo, to see how that is taken."""
    return StandIn(
        name=MODEL_SERVER,
        port=port,
        health_path="/healthz",
        command=[sys.executable, "-m", "dev.model_server", "--host", LOOPBACK, "--port", str(port)],
        addresses={
            "OPENAI_BASE_URL": f"http://{LOOPBACK}:{port}/v1",
            "OPENAI_API_KEY": "local",
            "OPENAI_MODEL": "keel-demo",
            "OPENAI_EXTRA_MODELS": "keel-slow-first-token,keel-cut",
        },
    )


def stripe_server(port: int, *, site_url: str, state: Path | None) -> StandIn:
    """Return the local Stripe: it keeps its customers in `state`, as the database keeps ours."""
    command = [sys.executable, "-m", "dev.stripe_server", "--host", LOOPBACK, "--port", str(port)]
    command += ["--secret-key", STRIPE_SECRET_KEY, "--webhook-secret", STRIPE_WEBHOOK_SECRET]
    command += ["--webhook-url", f"{site_url}/webhooks/stripe/"]
    return StandIn(
        name=STRIPE_SERVER,
        port=port,
        health_path="/",
        command=command + (["--state", os.fspath(state)] if state else []),
        addresses={
            "STRIPE_API_BASE": f"http://{LOOPBACK}:{port}",
            "STRIPE_SECRET_KEY": STRIPE_SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": STRIPE_WEBHOOK_SECRET,
        },
        prepare_line=SYNC_LINE,
    )
