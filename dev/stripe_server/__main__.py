"""The command: `python -m dev.stripe_server --port N`, and where webhooks go."""

import argparse
from pathlib import Path

import uvicorn

from dev.stripe_server.server import StripeServer

SECRET_KEY = "sk_test_keel_stand_in"
WEBHOOK_SECRET = "whsec_keel_stand_in"
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 1


def main() -> None:
    """Serve until the process is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m dev.stripe_server", description="A stand-in for Stripe.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--base-url", help="where browsers find it; http://HOST:PORT without")
    parser.add_argument("--secret-key", default=SECRET_KEY, help="the key that the API accepts")
    parser.add_argument("--webhook-url", help="where events are delivered; without, they can only be fetched")
    parser.add_argument("--webhook-secret", default=WEBHOOK_SECRET, help="what deliveries are signed with")
    parser.add_argument("--state", type=Path, help="a file that outlives restarts; without, everything is forgotten")
    arguments = parser.parse_args()
    server = StripeServer(
        base_url=(arguments.base_url or f"http://{arguments.host}:{arguments.port}").rstrip("/"),
        secret_key=arguments.secret_key,
        webhook_url=arguments.webhook_url,
        webhook_secret=arguments.webhook_secret,
        state=arguments.state,
    )
    uvicorn.run(
        server,
        host=arguments.host,
        port=arguments.port,
        lifespan="on",
        ws="none",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


if __name__ == "__main__":
    main()
