"""How many generations may start within a minute: sliding windows per user, address and workspace, before any hold."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from apps.billing.entitlements import Entitlements
from apps.core import redis
from apps.core.db import system_scope
from apps.core.errors import DomainError
from apps.generation.models import Generation
from apps.generation.quotas import PlanLimitError

logger = structlog.get_logger(__name__)

WINDOW_SECONDS = 60
ADMITTED = 0

# A window is a sorted set of the keys that were let in, by the millisecond. A key that is in already is a repeated
# send: let in again, and not counted, as is what is refused. ARGV: now, window, key, and a limit for each set.
_ADMIT = f"""
local now, window = tonumber(ARGV[1]), tonumber(ARGV[2])
for _, set in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', set, '-inf', now - window)
end
if redis.call('ZSCORE', KEYS[1], ARGV[3]) then return {{{ADMITTED}, 0}} end
for place, set in ipairs(KEYS) do
    local over = redis.call('ZCARD', set) - ARGV[3 + place]
    if over >= 0 then
        local ends = redis.call('ZRANGE', set, over, over, 'WITHSCORES')
        return {{place, (ends[2] or now) + window - now}}
    end
end
for _, set in ipairs(KEYS) do
    redis.call('ZADD', set, now, ARGV[3])
    redis.call('PEXPIRE', set, window)
end
return {{{ADMITTED}, 0}}
"""


class GenerationLimitError(DomainError):
    """Too many generations were started within a minute for this deployment, whatever the plan allows."""

    code = "generation_limit"
    status = 429
    sentence = _("That was a lot at once. Wait a moment, then try again: your text is still here.")


class PlanRequestsError(PlanLimitError):
    """The plan's generations of a minute were all started."""

    code: ClassVar[str] = "plan_limit_requests"
    limit_name = "requests_per_minute"
    advice = _("Wait a moment, then try again.")


def require_within_limits(
    *, user_id: int, workspace_id: UUID, address: str, idempotency_key: str, rights: Entitlements
) -> None:
    """Count one start, or refuse it with the seconds to wait. A key that was let in is not counted again.

    The plan limits the workspace; GENERATION_LIMITS is the deployment's ceiling for user, address and workspace.
    Raises PlanRequestsError or GenerationLimitError. When Redis does not answer, PostgreSQL counts the last minute's
    generations of the user and of the workspace instead: slower, so an outage neither opens the door nor closes it.
    Addresses are not counted then.
    """
    subjects = {"user": str(user_id), "address": address, "workspace": str(workspace_id)}
    allowed = {kind: settings.GENERATION_LIMITS[kind] for kind in subjects}
    of_plan = rights.limits.requests_per_minute
    allowed["workspace"] = min(allowed["workspace"], of_plan or allowed["workspace"])
    try:
        full, wait_seconds = _admit(subjects, allowed=allowed, key=f"{workspace_id}:{idempotency_key}")
    except (RedisError, OSError) as error:
        logger.warning("limits_counted_in_postgresql", error=str(error))
        full = _find_full_in_postgresql(user_id=user_id, workspace_id=workspace_id, allowed=allowed)
        wait_seconds = WINDOW_SECONDS
    if full == "workspace" and of_plan == allowed["workspace"]:
        raise PlanRequestsError(rights=rights, retry_after_seconds=wait_seconds)
    if full is not None:
        raise GenerationLimitError(retry_after_seconds=wait_seconds)


def _admit(subjects: Mapping[str, str], *, allowed: Mapping[str, int], key: str) -> tuple[str | None, int]:
    """Let a key in, or return which window is full and the seconds until it has room."""
    now = int(timezone.now().timestamp() * 1000)
    place, wait_ms = redis.client().register_script(_ADMIT)(
        keys=[f"starts:{kind}:{subject}" for kind, subject in subjects.items()],
        args=[now, WINDOW_SECONDS * 1000, key, *(allowed[kind] for kind in subjects)],
    )
    full = None if place == ADMITTED else list(subjects)[place - 1]
    return full, max(1, -(-int(wait_ms) // 1000))


def _find_full_in_postgresql(*, user_id: int, workspace_id: UUID, allowed: Mapping[str, int]) -> str | None:
    # A person's starts are counted in all of their workspaces.
    with system_scope():
        recent = Generation.objects.filter(created_at__gt=timezone.now() - timedelta(seconds=WINDOW_SECONDS))
        if recent.filter(user_id=user_id).count() >= allowed["user"]:
            return "user"
        return "workspace" if recent.filter(workspace_id=workspace_id).count() >= allowed["workspace"] else None
