"""One world for all tests of this folder: made once, and taken back by its end."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction

from tests.access.world import World, make_world


@pytest.fixture(scope="package")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Return the world; each request in it is undone by itself."""
    with django_db_blocker.unblock():
        cache.clear()
        with transaction.atomic():
            yield make_world()
            transaction.set_rollback(True)
