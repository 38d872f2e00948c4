"""Static files and templates exactly as production has them, without its need for TLS; the pages of a laptop stay."""

import os

from config.settings.dev import *  # noqa: F403
from config.settings.dev import TEMPLATES

DEBUG = False
STATIC_ROOT = os.environ["STATIC_ROOT"]
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
TEMPLATES[0]["OPTIONS"]["loaders"] = [
    ("django.template.loaders.cached.Loader", TEMPLATES[0]["OPTIONS"]["loaders"]),
]
