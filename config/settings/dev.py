"""A laptop: the services of bin/dev, mail as files under VAR_DIR, debug pages."""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

CHECKOUT = Path(__file__).resolve().parents[2]
VAR_DIR = Path(os.environ.get("VAR_DIR") or CHECKOUT / "var").resolve()
# Real variables win over .env, and .env over the addresses that a running bin/dev has written down.
environ.Env.read_env(CHECKOUT / ".env")
environ.Env.read_env(VAR_DIR / "services.env")
if "DATABASE_URL" not in os.environ:
    raise ImproperlyConfigured(
        f"No services found in {VAR_DIR}: start bin/dev first, or set DATABASE_URL and REDIS_URL."
    )
for _name, _value in {
    "SECRET_KEY": "development-only-secret-key",
    "DEBUG": "true",
    "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]",
    # Three slashes and the absolute path: the reader takes one of them off.
    "EMAIL_URL": f"filemail:///{VAR_DIR / 'mail'}",
    "OPENAI_API_KEY": "local",
    "OPENAI_MODEL": "keel-demo",
    # Everybody comes from one address here.
    "SIGN_UP_GRANTS_PER_NETWORK": "0",
}.items():
    os.environ.setdefault(_name, _value)

from config.settings.base import *  # noqa: E402, F403 - the environment must be ready before base reads it
from config.settings.base import BASE_DIR, TEMPLATES  # noqa: E402

ROOT_URLCONF = "config.urls_dev"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
TEMPLATES[0]["DIRS"].append(BASE_DIR / "dev" / "templates")
# Without the cached loader, so that an edited template shows at once.
TEMPLATES[0]["APP_DIRS"] = False
TEMPLATES[0]["OPTIONS"]["loaders"] = [
    (
        "template_partials.loader.Loader",
        ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
    )
]
