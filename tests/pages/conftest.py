"""Visitors of the public pages, and pages that remember no notice of another test."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.pages import notices
from apps.pages.models import Notice
from tests.accounts.conftest import new_visitor


@pytest.fixture
def visitor() -> Client:
    return new_visitor()


@pytest.fixture(autouse=True)
def _no_notices() -> Iterator[None]:
    notices.forget()
    yield
    notices.forget()


def put_up(message: str = "We move house tonight.", **fields: object) -> Notice:
    """Put up a notice that began an hour ago."""
    values = {"message": message, "starts_at": timezone.now() - timedelta(hours=1), **fields}
    return Notice.objects.create(**values)
