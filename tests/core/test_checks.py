"""What the checks of a deployment say of a database and of the proxy."""

import io

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections

from apps.core import checks
from tests.factories import UserFactory
from tests.guards.catalogue import rows


@pytest.fixture
def production(settings):
    """Settings as outside of a laptop."""
    settings.ENVIRONMENT = "production"
    return settings


@pytest.mark.usefixtures("production")
def test_a_login_of_a_laptop_is_an_error(db):
    UserFactory(email="demo@keel.local")

    (found,) = checks.find_seeded_logins(databases=["default"])

    assert (found.id, found.is_serious()) == ("keel.E001", True)
    assert "demo@keel.local" in found.msg


@pytest.mark.usefixtures("production")
def test_whoever_cannot_log_in_or_lives_elsewhere_is_none(db):
    UserFactory(email="demo@keel.local", is_active=False)
    UserFactory(email="keel.local@keel.example")

    assert checks.find_seeded_logins(databases=["default"]) == []


def test_a_laptop_may_have_its_logins(db):
    UserFactory(email="demo@keel.local")

    assert checks.find_seeded_logins(databases=["default"]) == []


@pytest.mark.usefixtures("production")
def test_without_a_database_nothing_is_asked():
    assert checks.find_seeded_logins(databases=None) == []


@pytest.mark.usefixtures("production")
def test_a_release_stops_before_it_migrates_a_database_with_a_login_of_a_laptop(db):
    UserFactory(email="staff@keel.local")

    with pytest.raises(SystemCheckError, match=r"staff@keel\.local"):
        call_command("migrate", database="default", skip_checks=False, stdout=io.StringIO())


@pytest.mark.django_db(databases=["default", "owner"])
def test_an_app_role_that_is_not_bound_by_the_second_wall_is_refused(monkeypatch):
    owner = connections["owner"].settings_dict["USER"]
    superuser = rows("SELECT rolname FROM pg_roles WHERE rolsuper AND rolname !~ '^pg_' LIMIT 1")[0][0]
    found = {}
    for role in (connections["default"].settings_dict["USER"], owner, superuser):
        monkeypatch.setitem(connections["default"].settings_dict, "USER", role)
        found[role] = [message.id for message in checks.find_powerful_role(databases=["owner"])]

    assert list(found.values()) == [[], ["keel.E002"], ["keel.E003"]]


@pytest.mark.parametrize(("count", "found"), [(0, ["keel.W002"]), (1, [])])
def test_a_proxy_that_is_not_counted_is_a_warning(settings, count, found):
    settings.TRUSTED_PROXY_COUNT = count

    assert [message.id for message in checks.find_unknown_proxy()] == found
