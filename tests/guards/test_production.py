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
    "DEFAULT_FROM_EMAIL": "hello@keel.example",
    "TRUSTED_PROXY_COUNT": "1",
    "OPENAI_API_KEY": "sk-test",
    "OPENAI_MODEL": "gpt-4o-mini",
}
LOOK = """
import json
import logging
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
    "policy": settings.CONTENT_SECURITY_POLICY["DIRECTIVES"],
    "cookies": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME],
    "insecure": [name for name in dir(settings) if name.endswith("_COOKIE_SECURE") and not getattr(settings, name)],
}))
logging.getLogger("uvicorn.error").info("one line")
"""

# Reads the settings once for each set of changed variables (None removes one), and says why it was refused.
READ_AGAIN = """
import importlib, json, os, sys
before = dict(os.environ)
def reason(changes):
    os.environ.update({name: value for name, value in changes.items() if value is not None})
    for name in [name for name, value in changes.items() if value is None]:
        del os.environ[name]
    for name in ("config.settings.base", "config.settings.prod"):
        sys.modules.pop(name, None)
    try:
        importlib.import_module("config.settings.prod")
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        os.environ.clear()
        os.environ.update(before)
    return ""
print(json.dumps([reason(changes) for changes in json.loads(sys.argv[1])]))
"""


def run(*command: str, **changes: str) -> subprocess.CompletedProcess:
    """Run a command as on a server: with these variables and no others of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=kept | ENVIRONMENT | changes, capture_output=True, text=True
    )


def reasons(cases: list[tuple[str, str | None]]) -> dict[tuple[str, str | None], str]:
    """Read the settings, as every process does first, with one variable changed; say why each start was refused."""
    done = run("-c", READ_AGAIN, json.dumps([{name: value} for name, value in cases]))
    return dict(zip(cases, seen_by(done), strict=True))


def misnamed(cases: list[tuple[str, str | None]]) -> dict[tuple[str, str | None], str]:
    """The cases that were not refused, or without the name of their variable."""
    return {case: reason for case, reason in reasons(cases).items() if case[0] not in reason}


@pytest.fixture(scope="module")
def look() -> subprocess.CompletedProcess:
    return run("-c", LOOK, DJANGO_SETTINGS_MODULE="config.settings.prod")


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_the_deployment_checks_find_nothing_but_the_gaps_that_founders_fill(environment):
    done = run("manage.py", "check", "--deploy", "--fail-level", "ERROR", ENVIRONMENT=environment)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "keel.W003" in done.stderr
    assert "System check identified 1 issue" in done.stderr


def seen_by(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_no_door_of_a_laptop_is_open(look):
    seen = seen_by(look)

    assert (seen["module"], seen["debug"]) == ("config.settings.prod", False)
    assert seen["pages"] == {"/dev/mailbox/": False, "/generations/": True}
    assert "file" not in seen["mail"]
    assert seen["hosts"] == ["keel.example"]
    assert "dev/templates" not in seen["loaders"]


def test_no_page_may_run_inline_script_style_or_eval(look):
    policy = seen_by(look)["policy"]

    allowed = {source for name in ("default-src", "script-src", "style-src") for source in policy[name]}
    assert allowed == {"'none'", "'self'"}
    assert policy["upgrade-insecure-requests"] is True


def test_cookies_travel_over_tls_to_this_very_host(look):
    seen = seen_by(look)

    assert [name for name in seen["cookies"] if not name.startswith("__Host-")] == []
    assert seen["insecure"] == []


def test_a_log_line_is_json_whoever_writes_it(look):
    lines = look.stderr.splitlines()

    assert [json.loads(line)["event"] for line in lines] == ["one line"]


def test_nobody_seeds_logins():
    done = run("manage.py", "seed_demo")

    assert done.returncode != 0
    assert "development" in done.stderr


# What opens a door, leads nowhere, or is weak.
REFUSED: list[tuple[str, str | None]] = [
    *[("DEBUG", value) for value in ("true", "1", "on")],
    *[("SECRET_KEY", value) for value in ("development-only-secret-key", "change-me", "", "x" * 60)],
    *[("SITE_URL", value) for value in ("http://keel.example", "https://", "keel.example")],
    *[("ALLOWED_HOSTS", value) for value in ("", "*", "keel.example,*", ".", "other.example")],
    ("DATABASE_URL", "postgres://keel_app:password@127.0.0.1:1/keel"),
    ("MIGRATION_DATABASE_URL", "postgres://keel_owner:change-me@127.0.0.1:1/keel"),
    *[("EMAIL_URL", f"{scheme}://") for scheme in ("consolemail", "filemail", "memorymail", "dummymail")],
    ("DEFAULT_FROM_EMAIL", "Keel <hello@localhost>"),
    ("OPENAI_API_KEY", "sk-sample"),
    ("SIGNUP_MODE", "opne"),
    ("STRIPE_SECRET_KEY", "sk_test_sample"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_..."),
]
REQUIRED = ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "OPENAI_API_KEY", "OPENAI_MODEL", "SITE_URL"]
REQUIRED += ["ALLOWED_HOSTS", "DEFAULT_FROM_EMAIL"]


def test_whatever_is_needed_is_given_by_these_tests():
    assert reasons([("SITE_NAME", "Keel")]) == {("SITE_NAME", "Keel"): ""}


def test_what_opens_a_door_or_leads_nowhere_stops_the_start_with_its_name():
    assert misnamed(REFUSED) == {}


def test_no_secret_of_the_example_passes():
    samples = dict(re.findall(r"^# ([A-Z_]+)=(.+)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    secrets = [(name, samples[name]) for name in samples if name.endswith(("_KEY", "_SECRET", "DATABASE_URL"))]

    assert {"SECRET_KEY", "DATABASE_URL", "MIGRATION_DATABASE_URL", "OPENAI_API_KEY"} <= dict(secrets).keys()
    assert misnamed(secrets) == {}


def test_a_missing_variable_stops_the_start_with_its_name():
    assert misnamed([(name, None) for name in REQUIRED]) == {}


def test_a_refused_setting_ends_the_process():
    done = run("-c", "import config.settings.prod", DEBUG="true")

    assert done.returncode != 0
    assert "DEBUG" in done.stderr.splitlines()[-1]


def test_an_unknown_environment_stops_the_start():
    done = run("manage.py", "check", ENVIRONMENT="prodution")

    assert done.returncode != 0
    assert "ENVIRONMENT" in done.stderr
