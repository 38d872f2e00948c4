"""The notices that every page shows: one query, then fifteen seconds from Redis; none at all while both are away."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.utils import timezone
from redis.exceptions import RedisError

from apps.core import redis
from apps.pages.models import Notice

logger = structlog.get_logger(__name__)

CACHE_KEY = "pages:notices"
CACHE_SECONDS = 15
DISMISSED_COOKIE = "dismissed_notices"
DISMISSED_MAX = 20


@dataclass(frozen=True)
class ShownNotice:
    """A notice as pages show it; its key changes with its words, so that an edited one comes back. Times: seconds."""

    key: str
    message: str
    level: str
    starts_at: float
    ends_at: float | None

    def is_on(self, now: float) -> bool:
        """Tell whether it is to be shown at this moment."""
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)


def list_shown(*, dismissed: Iterable[str]) -> list[ShownNotice]:
    """Return what a page has to say now, to a reader who has put some of it away. Never raises for an outage."""
    put_away = set(dismissed)
    now = timezone.now().timestamp()
    return [notice for notice in _current() if notice.is_on(now) and notice.key not in put_away]


def read_dismissed(cookie: str) -> list[str]:
    """Return the keys in a reader's cookie, the latest last."""
    return [key for key in cookie.split(".") if key][-DISMISSED_MAX:]


def write_dismissed(keys: list[str], *, key: str) -> str:
    """Return the cookie of a reader who puts one more notice away."""
    return ".".join([*(other for other in keys if other != key), key][-DISMISSED_MAX:])


def forget() -> None:
    """Let the next page ask the database: a notice was changed."""
    try:
        redis.client().delete(CACHE_KEY)
    except RedisError as error:
        logger.warning("notices_not_forgotten", error=str(error))


def _current() -> list[ShownNotice]:
    try:
        cached = redis.client().get(CACHE_KEY)
    except RedisError:
        return _ask_database()
    if cached is not None:
        return [ShownNotice(**notice) for notice in json.loads(str(cached, "utf-8"))]  # type: ignore[arg-type]
    found = _ask_database()
    _keep(found)
    return found


def _ask_database() -> list[ShownNotice]:
    now = timezone.now()
    soon = now + timedelta(seconds=CACHE_SECONDS)
    current = Notice.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), starts_at__lte=soon).order_by("starts_at")
    try:
        return [_shown(notice) for notice in current]
    except (OperationalError, InterfaceError) as error:
        logger.warning("notices_unknown", error=str(error))
        return []


def _shown(notice: Notice) -> ShownNotice:
    words = hashlib.sha256(f"{notice.level}:{notice.message}".encode()).hexdigest()[:8]
    ends_at = notice.ends_at.timestamp() if notice.ends_at else None
    return ShownNotice(f"{notice.pk}-{words}", notice.message, notice.level, notice.starts_at.timestamp(), ends_at)


def _keep(found: list[ShownNotice]) -> None:
    try:
        redis.client().set(CACHE_KEY, json.dumps([asdict(notice) for notice in found]), ex=CACHE_SECONDS)
    except RedisError as error:
        logger.warning("notices_not_kept", error=str(error))
