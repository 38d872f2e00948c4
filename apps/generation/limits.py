"""How many generations may start: sliding windows per user, workspace and address, before any credit is held."""

from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import limits
import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from limits.errors import StorageError
from redis.exceptions import RedisError

from apps.core.db import workspace_scope
from apps.core.errors import DomainError
from apps.generation.models import Generation

logger = structlog.get_logger(__name__)

WINDOW_SECONDS = 60


class GenerationLimitError(DomainError):
    """Too many generations were started within a minute."""

    code = "generation_limit"
    status = 429
    sentence = _("That was a lot at once. Wait a moment, then try again: your text is still here.")


def require_within_limits(*, user_id: int, workspace_id: UUID, address: str) -> None:
    """Count one start. Raises GenerationLimitError with the seconds to wait.

    When Redis does not answer, PostgreSQL counts the last minute's generations of the user and of the workspace
    instead: slower and exact, so an outage neither opens the door nor closes it. Addresses are not counted then.
    """
    subjects = {"user": str(user_id), "workspace": str(workspace_id), "address": address}
    try:
        for kind, subject in subjects.items():
            _count(kind, subject)
    except (RedisError, StorageError, OSError) as error:
        logger.warning("limits_counted_in_postgresql", error=str(error))
        _count_in_postgresql(user_id=user_id, workspace_id=workspace_id)


def _count(kind: str, subject: str) -> None:
    window = limits.RateLimitItemPerMinute(settings.GENERATION_LIMITS[kind])
    if not _limiter().hit(window, "generation", kind, subject):
        reset_at = _limiter().get_window_stats(window, "generation", kind, subject).reset_time
        raise GenerationLimitError(retry_after_seconds=max(1, round(reset_at - timezone.now().timestamp())))


def _count_in_postgresql(*, user_id: int, workspace_id: UUID) -> None:
    with workspace_scope(workspace_id):
        recent = Generation.objects.filter(created_at__gt=timezone.now() - timedelta(seconds=WINDOW_SECONDS))
        by_user = recent.filter(user_id=user_id).count()
        by_workspace = recent.filter(workspace_id=workspace_id).count()
    if by_user >= settings.GENERATION_LIMITS["user"] or by_workspace >= settings.GENERATION_LIMITS["workspace"]:
        raise GenerationLimitError(retry_after_seconds=WINDOW_SECONDS)


@cache
def _limiter() -> limits.strategies.SlidingWindowCounterRateLimiter:
    timeout = settings.REDIS_SOCKET_TIMEOUT_SECONDS
    # Without the client's own retries, so that a hung Redis costs one timeout.
    options: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout, "retry": None}
    storage = limits.storage.RedisStorage(settings.REDIS_URL, wrap_exceptions=True, **options)
    return limits.strategies.SlidingWindowCounterRateLimiter(storage)
