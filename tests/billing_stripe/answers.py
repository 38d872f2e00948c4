"""Stripe's answers, at the border: remembered, so that the same question costs nothing, or held on their way to us."""

import threading
from typing import Any

import stripe

from apps.billing import stripe_client

Question = tuple[str, str]


class Remembering(stripe.RequestsClient):
    """Asks each question once; `answers` may be swapped for those of another time. Whatever is written is sent on.

    Once it is closed, a question that was never asked is a mistake of the test's.
    """

    is_closed = False

    def __init__(self) -> None:
        super().__init__(timeout=stripe_client.TIMEOUT_SECONDS)
        self.answers: dict[Question, Any] = {}

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        if method != "get":
            return super().request(method, url, headers, post_data)
        if (method, url) not in self.answers:
            assert not self.is_closed, url
            self.answers[method, url] = super().request(method, url, headers, post_data)
        return self.answers[method, url]


class Holding(stripe.RequestsClient):
    """Holds the first answer to a question whose address contains `part`, until it is let go."""

    def __init__(self, *, part: str) -> None:
        super().__init__(timeout=stripe_client.TIMEOUT_SECONDS)
        self.part, self.has_it, self.let_go = part, threading.Event(), threading.Event()

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        answer = super().request(method, url, headers, post_data)
        if method == "get" and self.part in url and not self.has_it.is_set():
            self.has_it.set()
            assert self.let_go.wait(30)
        return answer


def ask_through(http_client: Any, monkeypatch: Any, settings: Any) -> None:
    """Have the product ask Stripe through this for the rest of a test."""
    client = stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        stripe_version=stripe_client.API_VERSION,
        base_addresses={"api": settings.STRIPE_API_BASE},
        max_network_retries=0,
        http_client=http_client,
    )
    monkeypatch.setattr(stripe_client, "_client", lambda: client)
