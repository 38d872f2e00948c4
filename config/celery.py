"""The Celery application: a doorbell, never a source of truth (see ARCHITECTURE.md)."""

import os
from typing import Any

from celery import Celery
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu import Connection

from config.environment import settings_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())


class Doorbell(Celery):
    """Celery whose publishing gives up quickly; only the consumer's own connection waits and reconnects for ever."""

    def connection_for_write(self, url: str | None = None, **options: Any) -> Connection:
        """Return a connection for publishing: half a second per socket step, one try."""
        timeout = settings.REDIS_SOCKET_TIMEOUT_SECONDS
        quick = {
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            "max_retries": 0,
            "retry_on_timeout": False,
        }
        options["transport_options"] = {**(options.get("transport_options") or {}), **quick}
        return super().connection_for_write(url, **options)


app = Doorbell("keel")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()
