"""The names that the user of this project has fixed: the top level, the packages, and what uses them."""

import re
import subprocess
import sys

import psycopg
import pytest
from django.db import connection

from tests.guards.source import ROOT, imports, modules

TOP_LEVEL = ["manage.py", "config", "apps", "templates", "static", "requirements", "tests", "Procfile"]
TOP_LEVEL += ["docker-compose.yml", ".env.example"]
TOP_LEVEL_ENTRIES_MAX = 28

# Distribution: the package it brings, and a module that uses it for what it is there for.
PACKAGES = {
    "django": ("django", "apps/core/db.py"),
    "django-allauth": ("allauth", "apps/accounts/urls.py"),
    "djangorestframework": ("rest_framework", "apps/generation/api.py"),
    "celery": ("celery", "config/celery.py"),
    "redis": ("redis", "apps/core/redis.py"),
    "stripe": ("stripe", "apps/billing/stripe_client.py"),
    "openai": ("openai", "apps/generation/gateway/openai_provider.py"),
    "psycopg": ("psycopg", None),
    "django-ratelimit": ("django_ratelimit", "apps/core/rate_limits.py"),
    "django-environ": ("environ", "config/settings/base.py"),
    "sentry-sdk": ("sentry_sdk", "apps/core/sentry.py"),
    "django-htmx": ("django_htmx", "apps/core/http.py"),
    "pytest-django": ("pytest_django", None),
    "factory-boy": ("factory", None),
}
# Outside services that one door alone may speak to.
ONE_DOOR = {"openai": "apps/generation/gateway/", "stripe": "apps/billing/stripe_client.py"}


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_the_fixed_top_level_is_there(name):
    assert (ROOT / name).exists()


def test_the_top_level_stays_small():
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    entries = {path.name for path in ROOT.iterdir()} - ignored - {".git"}

    assert len(entries) <= TOP_LEVEL_ENTRIES_MAX, sorted(entries)


@pytest.mark.parametrize("distribution", PACKAGES)
def test_every_fixed_package_is_required(distribution):
    lines = [line for path in (ROOT / "requirements").glob("*.in") for line in path.read_text().splitlines()]

    assert distribution in {re.split(r"[\[<>=~! ]", line)[0] for line in lines}


@pytest.mark.parametrize("distribution", [name for name, (_, module) in PACKAGES.items() if module])
def test_every_fixed_package_is_used_for_what_it_is_there_for(distribution):
    package, module = PACKAGES[distribution]

    assert imports(modules("apps", "config")[module], package)


def test_the_database_is_reached_through_psycopg_3(db):
    connection.ensure_connection()

    assert isinstance(connection.connection, psycopg.Connection)


def test_tests_run_under_pytest_django(pytestconfig):
    assert pytestconfig.pluginmanager.has_plugin("django")


def test_rows_in_tests_come_from_factories():
    assert any(imports(tree, "factory") for tree in modules("tests").values())


@pytest.mark.parametrize("package", ONE_DOOR)
def test_an_outside_service_has_one_door(package):
    users = [path for path, tree in modules("apps", "config").items() if imports(tree, package)]

    assert users
    assert all(path.startswith(ONE_DOOR[package]) for path in users), users


def test_the_example_names_every_variable_that_settings_read():
    read = set()
    for path in (ROOT / "config").rglob("*.py"):
        read |= set(re.findall(r"""env\.\w+\(\s*["']([A-Z_]+)["']""", path.read_text()))
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE))

    assert {"SECRET_KEY", "DATABASE_URL"} <= read
    assert read - named == set()


def test_only_those_who_call_a_provider_pay_for_importing_its_sdk():
    """It takes a second of every start: of web, of beat, and of each command."""
    program = "import django, sys; django.setup(); import config.asgi, config.urls; print('openai' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip().splitlines()[-1] == "False"
