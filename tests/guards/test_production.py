"""Production refuses what only a laptop may do, and says by name what is missing."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.guards.source import ROOT

STRONG_KEY = "e2b7Xq9vLm4Rz8TnKc6WpYh3Jd5Fs1Ga0UoIiBeNxCvMzQwErTyUl"
ENVIRONMENT = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": STRONG_KEY,
    "ALLOWED_HOSTS": "keel.example",
    "SITE_URL": "https://keel.example",
    # Nothing is connected to: settings are only read.
    "DATABASE_URL": "postgres://app:x@127.0.0.1:1/keel",
    "MIGRATION_DATABASE_URL": "postgres://owner:x@127.0.0.1:1/keel",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "EMAIL_URL": "smtp://127.0.0.1:1",
    "OPENAI_API_KEY": "sk-test",
    "OPENAI_MODEL": "gpt-test",
}
LOOK = """
import json
import django
django.setup()
from django.conf import settings
from django.urls import Resolver404, resolve
def is_found(path):
    try:
        resolve(path)
    except Resolver404:
        return False
    return True
print(json.dumps({
    "module": settings.SETTINGS_MODULE,
    "debug": settings.DEBUG,
    "pages": {path: is_found(path) for path in ("/dev/mailbox/", "/generations/")},
    "mail": settings.EMAIL_BACKEND,
    "hosts": settings.ALLOWED_HOSTS,
    "loaders": str(settings.TEMPLATES),
}))
"""


def run(*command: str, without: str = "", **changes: str) -> subprocess.CompletedProcess:
    """Run a command as on a server: with these variables and no others of ours."""
    environment = {name: value for name, value in (ENVIRONMENT | changes).items() if name != without}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run([sys.executable, *command], cwd=ROOT, env=kept | environment, capture_output=True, text=True)


def start(**options: str) -> subprocess.CompletedProcess:
    """Read the settings, as every process does first."""
    return run("-c", "import config.settings.prod", **options)


def look(**changes: str) -> subprocess.CompletedProcess:
    return run("-c", LOOK, DJANGO_SETTINGS_MODULE="config.settings.prod", **changes)


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_the_deployment_checks_find_nothing(environment):
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", ENVIRONMENT=environment)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout


def test_no_door_of_a_laptop_is_open():
    done = look()

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert (seen["module"], seen["debug"]) == ("config.settings.prod", False)
    assert seen["pages"] == {"/dev/mailbox/": False, "/generations/": True}
    assert "file" not in seen["mail"]
    assert seen["hosts"] == ["keel.example"]
    assert "dev/templates" not in seen["loaders"]


@pytest.mark.parametrize("debug", ["true", "1", "on"])
def test_debug_is_refused(debug):
    done = start(DEBUG=debug)

    assert done.returncode != 0
    assert "DEBUG" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("key", ["development-only-secret-key", "change-me", "", "x" * 60])
def test_a_sample_or_weak_secret_key_is_refused(key):
    done = start(SECRET_KEY=key)

    assert done.returncode != 0
    assert "SECRET_KEY" in done.stderr.splitlines()[-1]


def test_the_key_of_the_example_is_refused():
    (sample,) = re.findall(r"^#? ?SECRET_KEY=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert "SECRET_KEY" in start(SECRET_KEY=sample).stderr.splitlines()[-1]


REQUIRED = ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "OPENAI_API_KEY", "OPENAI_MODEL"]


def test_whatever_is_needed_is_given_by_these_tests():
    assert start().returncode == 0


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_variable_stops_the_start_with_its_name(name):
    done = start(without=name)

    assert done.returncode != 0
    assert name in done.stderr.splitlines()[-1]


def test_an_unknown_environment_stops_the_start():
    done = run("manage.py", "check", ENVIRONMENT="prodution")

    assert done.returncode != 0
    assert "ENVIRONMENT" in done.stderr
