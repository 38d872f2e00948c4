"""The API that the contract is checked against.

In the normal run it is the stand-in. `STRIPE_SECRET_KEY=sk_test_... bin/test -m stripe_live` asks Stripe's test mode
the very same questions; nothing in this folder may call what only the stand-in has.
"""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from tests.stripe import StandIn

READY_SECONDS = 120
TEST_PREFIXES = ("sk_test_", "rk_test_")

Make = Callable[..., Any]


@pytest.fixture(scope="session")
def client(pytestconfig) -> Iterator[stripe.StripeClient]:
    """A client of Stripe's test mode if that is asked for, else of a stand-in."""
    if "stripe_live" in (pytestconfig.option.markexpr or ""):
        yield stripe.StripeClient(_test_key(), max_network_retries=2)
        return
    with StandIn() as stand_in:
        yield stand_in.client


@pytest.fixture(scope="session")
def api(client) -> Any:
    return client.v1


@pytest.fixture
def unique() -> Make:
    """Names that no earlier run has used."""
    return lambda prefix: f"{prefix}_{uuid.uuid4().hex[:12]}"


@pytest.fixture
def make_price(api, unique) -> Make:
    """Make a price of a product of its own: 20 dollars once, unless told otherwise."""

    def make(**values: Any) -> Any:
        product = api.products.create({"name": "Keel contract test"})
        return api.prices.create({"product": product.id, "currency": "usd", "unit_amount": 2000, **values})

    return make


@pytest.fixture
def monthly(make_price) -> Any:
    return make_price(recurring={"interval": "month"})


@pytest.fixture
def make_payment(api) -> Make:
    """Charge a test card: 20 dollars, unless told otherwise."""

    def make(**values: Any) -> Any:
        methods = {"enabled": True, "allow_redirects": "never"}
        card = {"payment_method": "pm_card_visa", "confirm": True, "automatic_payment_methods": methods}
        return api.payment_intents.create({"amount": 2000, "currency": "usd", **card, **values})

    return make


@pytest.fixture
def clock(api) -> Iterator[Any]:
    made = api.test_helpers.test_clocks.create({"frozen_time": int(time.time()), "name": "Keel contract test"})
    yield made
    api.test_helpers.test_clocks.delete(made.id)


@pytest.fixture
def pass_time(api, clock) -> Make:
    """Move the clock to a second, and wait until Stripe has done what is due."""

    def pass_until(second: int) -> None:
        api.test_helpers.test_clocks.advance(clock.id, {"frozen_time": second})
        deadline = time.monotonic() + READY_SECONDS
        while (status := api.test_helpers.test_clocks.retrieve(clock.id).status) != "ready":
            assert status == "advancing"
            assert time.monotonic() < deadline
            time.sleep(0.5)

    return pass_until


@pytest.fixture
def subscriber(api, clock) -> Any:
    """A customer with the clock's time and a good card."""
    card = "pm_card_visa"
    settings = {"default_payment_method": card}
    return api.customers.create({"test_clock": clock.id, "payment_method": card, "invoice_settings": settings})


def _test_key() -> str:
    key = os.environ.get("STRIPE_SECRET_KEY", "")
    if not key:
        pytest.skip("STRIPE_SECRET_KEY is not set: nothing to check against.")
    if not key.startswith(TEST_PREFIXES):
        pytest.exit("STRIPE_SECRET_KEY is not a test key; the contract is never checked with real money.", returncode=2)
    return key
