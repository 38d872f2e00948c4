"""The front gate: settings, URLs, ASGI, Celery."""

from config.celery import app as celery_app

# Loaded with the settings, so that whoever rings (web, commands, tests) rings our bell and not Celery's default.
__all__ = ["celery_app"]
