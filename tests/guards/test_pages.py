"""What every page of the catalogue costs the database, and that each can be reached at all."""

import pytest
from django.test import Client
from django.test.utils import override_settings
from django.urls import Resolver404, resolve

from apps.accounts.models import User
from dev.sample_data.cast import make_cast
from tests.e2e.catalogue import IN_THE_NORMAL_RUN, PAGES, PRODUCT, STAFF
from tests.queries import asked

QUERIES_MAX = 12
# The admin's first page is the figures of every app, side by side.
MORE_FOR = {"admin": 16}
# What `config/urls_dev.py` adds.
OF_A_LAPTOP = "/dev/"
COUNTED = [page for page in PAGES if page.act is None and not page.path.startswith(OF_A_LAPTOP)]


@pytest.fixture
def ids(committed_db):
    """The sample customers, and a member of staff."""
    User.objects.create_superuser(STAFF, "staff-password")
    return make_cast()


def queries_of(page, ids) -> list[str]:
    client = Client()
    if page.who:
        client.force_login(User.objects.get(email=page.who))
    address = page.path.format(**ids)
    client.get(address)  # what a process keeps for all requests is read once
    with asked() as queries:
        answer = client.get(address)
    assert answer.status_code == page.status, page.name
    return queries


def test_no_page_asks_the_database_more_than_twelve_times(ids):
    asked = {page.name: queries_of(page, ids) for page in COUNTED}
    too_many = {name: queries for name, queries in asked.items() if len(queries) > MORE_FOR.get(name, QUERIES_MAX)}

    assert not too_many, "\n".join([f"{name}: {len(queries)}" for name, queries in too_many.items()])


@override_settings(ROOT_URLCONF="config.urls_dev")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_catalogue_names_addresses_that_exist(page):
    assert is_somebodys(page.path.partition("?")[0].format_map(AnyId()))


def is_somebodys(address: str) -> bool:
    try:
        resolve(address)
    except Resolver404:
        return False
    return True


class AnyId(dict):
    """Has an id for every name."""

    def __missing__(self, name):
        return "01890000-0000-7000-8000-000000000000"


def test_the_names_of_the_catalogue_are_unique_and_fit_for_files():
    names = [page.name for page in PAGES]

    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalnum() and name == name.lower() for name in names)


def test_the_normal_run_looks_at_pages_that_exist():
    assert {page.name for page in PAGES} >= IN_THE_NORMAL_RUN


def test_the_catalogue_shows_every_page_of_the_product():
    assert {page.path.split("/")[1] for page in PRODUCT} >= {"", "pricing", "accounts", "generations", "billing"}
