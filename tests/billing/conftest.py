"""A workspace whose ledger is proved after every test."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from apps.billing.prove import prove
from tests.billing import mutation, steps
from tests.conftest import empty_database


@pytest.fixture(scope="session")
def ledger_db(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database, with a clock that tests can move."""
    with django_db_blocker.unblock():
        steps.install_clock()


@pytest.fixture
def workspace_id(ledger_db: None, db: None) -> Iterator[UUID]:
    """A workspace without credits. The whole ledger must add up when the test ends."""
    yield steps.new_workspace_id()
    assert prove() == []


@pytest.fixture
def committed_workspace_id(ledger_db: None, committed_db: None) -> Iterator[UUID]:
    """The same, where commits are real and other connections see them."""
    yield steps.new_workspace_id()
    assert prove() == []


@pytest.fixture(scope="module")
def spender(ledger_db: None, django_db_blocker: Any) -> Iterator[None]:
    """A committed account for tests whose every write is refused: one for all of them."""
    with django_db_blocker.unblock():
        steps.new_spender()
        yield
        connections["default"].close()
        empty_database()


@pytest.fixture
def scratch(ledger_db: None, django_db_blocker: Any) -> Iterator[None]:
    """A copy of the test database that may be spoiled."""
    with django_db_blocker.unblock(), mutation.scratch_database():
        yield
