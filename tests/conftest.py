"""The cast and the database for every test."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connections
from django.test.client import ClientHandler
from django.test.utils import setup_databases, teardown_databases

from apps.billing import stripe_client
from apps.billing.catalogue import load_catalogue
from apps.billing.sync_plans import sync_plans
from tests.product import Product
from tests.scoping import see_everything, seeing_nothing
from tests.stripe import StandIn

# Without Chromium bin/test installs no Playwright and says how to get both; CI insists on them.
if find_spec("playwright") is None and "chromium" not in os.environ.get("KEEL_REQUIRE", ""):
    collect_ignore_glob = ["e2e/*"]

# TRUNCATE makes new files for every table and index, a quarter of a second in all. Most tables are empty, and the
# others hold a few rows, which triggers may protect. Foreign keys are checked at the end, so any order will do.
EMPTY = """
DO $$
DECLARE tables regclass[] := ARRAY[TABLES]; filled regclass[] := '{}'; emptied regclass; has_rows boolean;
BEGIN
    FOREACH emptied IN ARRAY tables LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', emptied) INTO has_rows;
        CONTINUE WHEN NOT has_rows;
        filled := filled || emptied;
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', emptied);
        EXECUTE format('DELETE FROM %s', emptied);
    END LOOP;
    SET CONSTRAINTS ALL IMMEDIATE;
    FOREACH emptied IN ARRAY filled LOOP
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', emptied);
    END LOOP;
END $$
"""


# It is made once per process, from settings; a test may have put another one in its place.
forget_stripe_client = stripe_client._client.cache_clear


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None
) -> Iterator[None]:
    """Create the test database as the owner and migrate it; tests then use it as the app role."""
    with django_db_blocker.unblock():
        created = setup_databases(verbosity=0, interactive=False, aliases={"default", "owner"})
    yield
    with django_db_blocker.unblock():
        connections["default"].close()
        teardown_databases(created, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def _tests_see_everything() -> Iterator[None]:
    """Let tests look at every row, and a request of a test's browser only at those of the scopes that it opens."""
    see_everything()
    answer = ClientHandler.get_response

    def answer_within_scopes(self: ClientHandler, request: Any) -> Any:
        with seeing_nothing():
            return answer(self, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientHandler, "get_response", answer_within_scopes)
        yield


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database in which commits are real: for threads, processes and on_commit. Emptied by the owner afterwards."""
    with django_db_blocker.unblock():
        yield
        connections["default"].close()
        empty_database()


def empty_database() -> None:
    """Empty every table of the product; what migrations and deploy commands put there comes back on demand."""
    tables = [f"'{model._meta.db_table}'" for model in apps.get_models(include_auto_created=True) if _is_ours(model)]
    with connections["owner"].cursor() as cursor:
        cursor.execute(EMPTY.replace("TABLES", ", ".join(tables)))


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandIn]:
    """A Stripe of this test run's own: the stand-in, over HTTP."""
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
def stripe(stand_in: StandIn, settings: Any) -> Iterator[StandIn]:
    """Stripe before anything was ever sold; the product knows its address."""
    stand_in.reset()
    cache.clear()
    for name, value in stand_in.environment.items():
        setattr(settings, name, value)
    forget_stripe_client()
    yield stand_in
    stand_in.end_outages()
    forget_stripe_client()


@pytest.fixture
def synced(stripe: StandIn) -> StandIn:
    """Stripe with everything of plans.yaml, and nothing that has happened."""
    on_sale = load_catalogue().model_dump_json()
    if not stripe.recall(on_sale):
        sync_plans(apply=True)
        stripe.remember(on_sale)
        stripe.recall(on_sale)
    return stripe


def _is_ours(model: Any) -> bool:
    return model._meta.app_label not in {"contenttypes", "auth"} and model._meta.managed


@pytest.fixture(scope="session")
def shared_product() -> Iterator[Product]:
    """A whole running product of this test run's own; each test leaves it running and whole.

    Served as in production: compressed files under hashed names, compiled templates.
    """
    var_dir = Path(os.environ["VAR_DIR"]) / "test" / "product"
    settings = {"DJANGO_SETTINGS_MODULE": "tests.product_settings", "STATIC_ROOT": str(var_dir / "staticfiles")}
    with Product(var_dir, **settings) as product:
        yield product
