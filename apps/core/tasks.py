"""Mail and alerts leave from here; the sweeps repeat rings that were lost."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.core import alert_webhook, mail
from apps.core.ringing import ring


@shared_task(queue="default")
def deliver_mail(*, mail_id: str, **later: Any) -> None:
    """Send one mail."""
    mail.deliver(mail_id)


@shared_task(queue="default", expires=10)
def sweep_mail(**later: Any) -> None:
    """Ring for every mail that is due."""
    for mail_id in mail.list_due_mail_ids():
        ring(deliver_mail, mail_id=mail_id)


@shared_task(queue="default")
def deliver_alert(*, alert_id: str, **later: Any) -> None:
    """Send one alert to the webhook."""
    alert_webhook.deliver(alert_id)


@shared_task(queue="default", expires=10)
def sweep_alerts(**later: Any) -> None:
    """Ring for every alert that is due."""
    for alert_id in alert_webhook.list_due_ids():
        ring(deliver_alert, alert_id=alert_id)


@shared_task(queue="default", expires=3600)
def purge_alerts(**later: Any) -> None:
    """Delete alerts that were told long ago."""
    alert_webhook.purge(now=timezone.now())
