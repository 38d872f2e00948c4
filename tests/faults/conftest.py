"""Faults are injected into a product of its own: its services and processes are this test run's children."""

from collections.abc import Iterator

import pytest

from tests import oracle
from tests.product import Customer, Product


@pytest.fixture
def product(shared_product: Product) -> Iterator[Product]:
    """A running product, checked by the oracle afterwards."""
    shared_product.wait_until_ready()
    yield shared_product
    oracle.check(shared_product)


@pytest.fixture
def customer(product: Product) -> Customer:
    """A logged-in customer with credits."""
    return product.customer()
