"""How many generations may start within a minute: sliding windows per user, plan, workspace, address, API key and
feature, before any hold."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from apps.accounts.models import ApiKey
from apps.billing.entitlements import Entitlements
from apps.core import alerts, ids, windows
from apps.core.db import system_scope
from apps.core.errors import DomainError
from apps.core.http import network_of
from apps.core.rate_headers import Reading
from apps.core.windows import Window
from apps.generation.models import Generation
from apps.generation.quotas import PlanLimitError
from apps.generation.settling import FEATURE

logger = structlog.get_logger(__name__)

WINDOW_SECONDS = 60
# Somebody who is refused so often does not wait as they are told: staff hear of it, once an hour.
REFUSALS_TOLD, REFUSALS_SECONDS = 100, 600
# From so little on a person is told what is left.
NEAR_PERCENT = 20


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
    *,
    user_id: int,
    workspace_id: UUID,
    address: str,
    idempotency_key: str,
    rights: Entitlements,
    api_key: ApiKey | None = None,
) -> None:
    """Count one start, or refuse it with the seconds to wait. A key that was let in is not counted again.

    The plan limits the workspace; GENERATION_LIMITS are the deployment's ceilings. What is refused is counted nowhere.
    Raises PlanRequestsError or GenerationLimitError. When Redis does not answer, PostgreSQL counts the last minute's
    generations instead: slower, so an outage neither opens the door nor closes it. Addresses are not counted then.
    """
    asked = _windows(user_id=user_id, workspace_id=workspace_id, address=address, rights=rights, api_key=api_key)
    try:
        full = windows.admit(asked, key=f"{workspace_id}:{idempotency_key}")
    except (RedisError, OSError) as error:
        logger.warning("limits_counted_in_postgresql", error=str(error))
        full = _find_full_in_postgresql(asked)
    if full is None:
        return
    _note_refusal(workspace_id)
    refusal: DomainError
    if full.name == "plan":
        refusal = PlanRequestsError(rights=rights, retry_after_seconds=full.reset_seconds)
    else:
        refusal = GenerationLimitError(retry_after_seconds=full.reset_seconds)
    refusal.readings = [full]
    raise refusal


def find_tightest(
    *, user_id: int, workspace_id: UUID, address: str, rights: Entitlements, api_key: ApiKey | None = None
) -> Reading | None:
    """Return the window with the least left for somebody, in one exchange with Redis; None while it is away."""
    asked = _windows(user_id=user_id, workspace_id=workspace_id, address=address, rights=rights, api_key=api_key)
    try:
        return min(windows.measure(asked), key=lambda one: one.remaining, default=None)
    except (RedisError, OSError) as error:
        logger.warning("limits_not_measured", error=str(error))
        return None


def is_near(reading: Reading) -> bool:
    """Tell whether so little is left that a person should know before they start."""
    return reading.remaining * 100 <= reading.amount * NEAR_PERCENT


def most_a_minute(*, rights: Entitlements) -> int | None:
    """Return how many starts of one workspace's own rows fit into a minute; None where nothing limits them."""
    asked = _windows(user_id=0, workspace_id=UUID(int=0), address="", rights=rights, api_key=None)
    return min((window.amount for window in asked), default=None)


def _windows(
    *, user_id: int, workspace_id: UUID, address: str, rights: Entitlements, api_key: ApiKey | None
) -> list[Window]:
    """Return what a start is counted in. The plan comes first: where both are full, it is what a person can change."""
    ceilings = settings.GENERATION_LIMITS
    subjects = {"user": str(user_id), "workspace": str(workspace_id), "address": network_of(address)}
    counted = [Window(kind, subject, ceilings[kind]) for kind, subject in subjects.items() if kind in ceilings]
    if rights.limits.requests_per_minute is not None:
        counted.insert(0, Window("plan", str(workspace_id), rights.limits.requests_per_minute))
    if api_key is not None:
        own = min(api_key.requests_per_minute, ceilings.get("key", api_key.requests_per_minute))
        counted.append(Window("key", str(api_key.pk), own))
    if "feature" in ceilings:
        counted.append(Window("feature", FEATURE, ceilings["feature"]))
    return counted


def _find_full_in_postgresql(asked: Sequence[Window]) -> Reading | None:
    # A person's starts are counted in all of their workspaces.
    with system_scope():
        recent = Generation.objects.filter(ids.since(timezone.now() - timedelta(seconds=WINDOW_SECONDS)))
        for window in asked:
            of_subject = _of_subject(recent, window)
            if of_subject is not None and of_subject[: window.amount].count() >= window.amount:
                return Reading(window.name, window.amount, window.seconds, 0, WINDOW_SECONDS)
    return None


def _of_subject(recent: QuerySet[Generation], window: Window) -> QuerySet[Generation] | None:
    """Return the starts that a window counts; None for addresses, which no generation has."""
    by = {"plan": "workspace_id", "workspace": "workspace_id", "user": "user_id", "key": "api_key_id"}
    if window.name in by:
        return recent.filter(**{by[window.name]: window.subject})
    return recent if window.name == "feature" else None


def _note_refusal(workspace_id: UUID) -> None:
    """Tell staff of a workspace that goes on and on although it is refused."""
    refusals = Window("refusals", str(workspace_id), REFUSALS_TOLD, REFUSALS_SECONDS)
    try:
        is_usual = windows.count(refusals)
    except (RedisError, OSError):
        return
    if not is_usual:
        alerts.send(
            kind="starts_refused",
            window=f"starts_refused:{workspace_id}:{timezone.now():%Y-%m-%dT%H}",
            sentence=f"A workspace was refused {REFUSALS_TOLD} starts within {REFUSALS_SECONDS // 60} minutes: it may"
            " be a program in a loop.",
            workspace_id=str(workspace_id),
        )
