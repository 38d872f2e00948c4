"""Ringing a worker: Celery is a doorbell, and a broken bell never fails or delays a request for long."""

from functools import partial
from typing import Any

import structlog
from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)


def ring_on_commit(task: "Task[Any, Any]", **arguments: str) -> None:
    """Publish a task once the transaction has committed. A lost ring is repeated by the sweeper of its owner."""
    transaction.on_commit(partial(ring, task, expires_seconds=None, **arguments), robust=True)


def ring(task: "Task[Any, Any]", *, expires_seconds: int | None = None, **arguments: str) -> bool:
    """Publish a task now, without retry and with short socket timeouts; return whether it was sent.

    A ring that expires is for repeated rings, so that they do not pile up while nobody answers.
    """
    try:
        task.apply_async(kwargs=arguments, retry=False, expires=expires_seconds)  # type: ignore[arg-type]
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("ring_failed", task=task.name, error=str(error))
        return False
    return True
