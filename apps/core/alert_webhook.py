"""Alerts leave through the worker to ALERT_WEBHOOK_URL, in Slack's shape; a failure is tried again, as with mail."""

import json
from datetime import datetime, timedelta
from urllib.error import HTTPError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

import structlog
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from apps.core.db import system_scope
from apps.core.models import Alert

logger = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 5.0
ATTEMPTS_MAX = 8
# A claimed alert is due again after this long, should the worker die while sending it.
CLAIM = timedelta(minutes=1)
FIRST_DELAY = timedelta(seconds=10)
KEPT = timedelta(days=90)


def deliver(alert_id: str) -> None:
    """Send one alert that is due to the webhook. A failure is tried again later, ATTEMPTS_MAX times."""
    alert = _claim(alert_id)
    if alert is None:
        return
    try:
        _post(f"[{settings.SITE_NAME}, {settings.ENVIRONMENT}] {alert.sentence}")
    except HTTPError as error:
        _record_failure(alert, f"HTTP {error.code}")
    except (OSError, ValueError) as error:
        # Without the error's own words: they may name the address, which is a secret.
        _record_failure(alert, type(error).__name__)
    else:
        Alert.objects.filter(pk=alert.pk).update(delivery=Alert.Delivery.SENT, error="")


def list_due_ids(*, limit: int = 100) -> list[str]:
    """Return the ids of alerts whose next attempt is due."""
    due = Alert.objects.filter(delivery=Alert.Delivery.QUEUED, next_attempt_at__lte=timezone.now())
    return [str(pk) for pk in due.order_by("next_attempt_at").values_list("pk", flat=True)[:limit]]


def purge(*, now: datetime) -> int:
    """Delete alerts that are older than KEPT; return how many."""
    deleted, _by_model = Alert.objects.filter(created_at__lt=now - KEPT).delete()
    return deleted


def _claim(alert_id: str) -> Alert | None:
    now = timezone.now()
    with system_scope():
        due = Alert.objects.filter(pk=alert_id, delivery=Alert.Delivery.QUEUED, next_attempt_at__lte=now)
        claimed = due.update(attempts=F("attempts") + 1, next_attempt_at=now + CLAIM)
    return Alert.objects.get(pk=alert_id) if claimed else None


def _post(text: str) -> None:
    body = json.dumps({"text": text}).encode()
    headers = {"Content-Type": "application/json"}
    request = Request(settings.ALERT_WEBHOOK_URL, data=body, headers=headers)  # noqa: S310 - the opener knows HTTP alone
    with _opener().open(request, timeout=TIMEOUT_SECONDS):
        pass


def _opener() -> OpenerDirector:
    """Return what speaks HTTP and follows no redirect: what is said is for the address that was set, and no other."""
    opener = OpenerDirector()
    handlers = [ProxyHandler(), HTTPHandler(), HTTPSHandler(), HTTPErrorProcessor(), HTTPDefaultErrorHandler()]
    for handler in [*handlers, UnknownHandler()]:
        opener.add_handler(handler)
    return opener


def _record_failure(alert: Alert, error: str) -> None:
    is_last = alert.attempts >= ATTEMPTS_MAX
    Alert.objects.filter(pk=alert.pk).update(
        delivery=Alert.Delivery.FAILED if is_last else Alert.Delivery.QUEUED,
        error=error[:250],
        next_attempt_at=timezone.now() + FIRST_DELAY * 2**alert.attempts,
    )
    logger.error("alert_not_delivered", alert_id=str(alert.pk), error=error, is_last=is_last)
