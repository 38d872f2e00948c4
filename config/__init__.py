"""The front gate: settings, URLs, ASGI, Celery."""
