"""A stand-in for the tests of the stand-in, and a small shop on it."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from dev.services.ports import LOOPBACK
from tests.stripe import StandIn


class Receiver(http.server.ThreadingHTTPServer):
    """What webhooks are sent to: keeps each delivery, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Door)
        self.status = 200
        self.received: list[tuple[bytes, str]] = []
        self.url = f"http://{LOOPBACK}:{self.server_address[1]}/"


class _Door(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((body, self.headers["stripe-signature"]))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture(scope="session")
def running() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(running) -> StandIn:
    """A stand-in that knows nothing yet."""
    running.reset()
    running.send_webhooks_to(None)
    return running


@pytest.fixture
def api(stand_in) -> Any:
    return stand_in.client.v1


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def shop(stand_in) -> "Shop":
    return Shop(stand_in)


class Shop:
    """A customer, a monthly plan for 20 dollars, and a pack for 10."""

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.api = stand_in.client.v1
        self.customer = self.api.customers.create({"email": "owner@example.com"}).id
        self.plan = self.price(2000, recurring={"interval": "month"})
        self.pack = self.price(1000)

    def price(self, amount: int, **values: Any) -> str:
        """Make a price of a product of its own."""
        product = self.api.products.create({"name": "Product"}).id
        price = {"product": product, "currency": "usd", **({} if amount < 0 else {"unit_amount": amount}), **values}
        return self.api.prices.create(price).id

    def open(self, *prices: str, mode: str = "payment", **values: Any) -> Any:
        """Open a checkout session of the customer."""
        items = [{"price": price, "quantity": 1} for price in prices or (self.pack,)]
        session = {"mode": mode, "line_items": items, "success_url": "https://example.com/?id={CHECKOUT_SESSION_ID}"}
        session |= {"cancel_url": "https://example.com/back", "customer": self.customer}
        return self.api.checkout.sessions.create({**session, **values})

    def buy(self, *, outcome: str = "success", **values: Any) -> dict[str, Any]:
        """Buy the pack."""
        return self.stand_in.complete_checkout(self.open(**values).url, outcome=outcome)

    def subscribe(self, *prices: str, outcome: str = "success", **values: Any) -> Any:
        """Subscribe to the plan, or to these prices, and return the subscription."""
        session = self.open(*(prices or (self.plan,)), mode="subscription", **values)
        done = self.stand_in.complete_checkout(session.url, outcome=outcome)
        return self.api.subscriptions.retrieve(done["subscription"])

    def invoice_of(self, subscription: str) -> Any:
        """Return the latest invoice of a subscription."""
        return self.api.subscriptions.retrieve(subscription, {"expand": ["latest_invoice"]}).latest_invoice
