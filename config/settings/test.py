"""The test suite: real services from bin/test, fast password hashes, mail kept in memory."""

from config.settings.dev import *  # noqa: F403
from config.settings.dev import DATABASES, RATE_LIMITS, TEMPLATES

DEBUG = False
ROOT_URLCONF = "config.urls"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EVEN_ANSWER_SECONDS = 0
# People of one run have the numbers of those of the run before, which is still counted.
RATE_LIMITS |= dict.fromkeys(
    ["writes", "checkout", "invitations", "exports", "share_links", "uploads", "api_keys", "teams"], "100000/m"
)
# One connection per test process: the test database is renamed after settings are read, which a pool would not see.
del DATABASES["default"]["OPTIONS"]["pool"]
DATABASES["owner"]["TEST"] = {"DEPENDENCIES": []}
# Templates do not change while tests run: parsed once, as in production.
del TEMPLATES[0]["OPTIONS"]["loaders"]
TEMPLATES[0]["APP_DIRS"] = True
