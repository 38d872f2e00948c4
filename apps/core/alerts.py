"""What those who run the product must hear of: once per matter and window, by mail, by webhook and in the log."""

import structlog
from django.conf import settings
from django.urls import NoReverseMatch, reverse

from apps.core import mailing, tasks
from apps.core.db import system_scope
from apps.core.models import Alert
from apps.core.ringing import ring_on_commit

logger = structlog.get_logger(__name__)

SENTENCE_LENGTH_MAX = 500


def send(*, kind: str, window: str, sentence: str, **facts: object) -> bool:
    """Tell those who run the product of something; return False when it was told in this window before.

    `kind` is what happened ("budget_near"), `window` whom and when it concerns ("budget:all:2026-11-22:80"), both
    stable; `sentence` is for people, `facts` for programs. Within a transaction it is told once that has committed.
    """
    known = {name: _as_json(fact) for name, fact in facts.items()}
    with system_scope():
        queued = Alert.Delivery.QUEUED if settings.ALERT_WEBHOOK_URL else Alert.Delivery.NONE
        said = {"sentence": sentence[:SENTENCE_LENGTH_MAX], "facts": known, "delivery": queued}
        alert, is_new = Alert.objects.get_or_create(kind=kind, window=window, defaults=said)
        if not is_new:
            return False
        for address in settings.ALERT_EMAILS:
            mailing.send(
                key=f"alert:{alert.pk}:{address}"[:128], to=address, template="mail/alert.html", **_words(alert)
            )
        if queued == Alert.Delivery.QUEUED:
            ring_on_commit(tasks.deliver_alert, alert_id=str(alert.pk))
    logger.warning("alert", kind=kind, window=window, sentence=sentence, facts=known)
    return True


def _words(alert: Alert) -> dict[str, object]:
    return {"sentence": alert.sentence, "facts": sorted(alert.facts.items()), "admin_url": _admin_url(alert)}


def _admin_url(alert: Alert) -> str:
    try:
        return f"{settings.SITE_URL}{reverse('admin:core_alert_change', args=[alert.pk])}"
    except NoReverseMatch:
        return ""


def _as_json(fact: object) -> object:
    return fact if isinstance(fact, int | float | bool | None) else str(fact)
