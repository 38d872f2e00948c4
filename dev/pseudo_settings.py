"""A laptop that speaks dev/pseudo_locale.py: DJANGO_SETTINGS_MODULE=dev.pseudo_settings."""

from django.utils.translation import trans_real

from config.settings.dev import *  # noqa: F403
from config.settings.dev import TEMPLATES
from dev.pseudo_locale import LANGUAGE, PseudoTranslation

LANGUAGE_CODE = LANGUAGE
LANGUAGES = [(LANGUAGE, "Pseudo")]
# Django's own registry of catalogues: nothing is looked for on the disk, and nothing of Django is replaced.
trans_real._translations[LANGUAGE] = PseudoTranslation()
# Compiled once: a test looks at every page.
TEMPLATES[0]["OPTIONS"]["loaders"] = [
    ("django.template.loaders.cached.Loader", TEMPLATES[0]["OPTIONS"]["loaders"]),
]
