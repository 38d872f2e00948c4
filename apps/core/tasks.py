"""Mail leaves from here; the sweep repeats rings that were lost."""

from typing import Any

from celery import shared_task

from apps.core import mail
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
