"""Mail leaves through the worker: written down in the transaction of its reason, sent once per business key."""

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, Q
from django.utils import timezone

from apps.core.db import system_scope
from apps.core.models import OutgoingMail

logger = structlog.get_logger(__name__)

ATTEMPTS_MAX = 8
# A claimed mail is due again after this long, should the worker die while sending it.
CLAIM = timedelta(minutes=2)
FIRST_DELAY = timedelta(seconds=10)
DELAY_MAX = timedelta(hours=2)


def queue_mail(*, key: str, to: str, subject: str, text: str, html: str = "") -> OutgoingMail:
    """Write down a mail to be sent once, after commit; the same key again returns the first one."""
    mail, _created = OutgoingMail.objects.get_or_create(
        key=key, defaults={"to": to, "subject": subject, "text": text, "html": html}
    )
    return mail


def deliver(mail_id: str) -> None:
    """Send one queued mail that is due. A failure is kept on the row and tried again later, ATTEMPTS_MAX times."""
    mail = _claim(mail_id)
    if mail is None:
        return
    message = EmailMultiAlternatives(subject=mail.subject, body=mail.text, to=[mail.to], headers=_headers(mail))
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    try:
        message.send()
    except Exception as error:  # whichever backend sends it: the mail stays due
        _record_failure(mail, error)
    else:
        # The text may hold a link that grants access: it is not kept once it has left.
        OutgoingMail.objects.filter(pk=mail.pk).update(status=OutgoingMail.Status.SENT, text="", html="", error="")


def list_due_mail_ids(*, limit: int = 100) -> list[str]:
    """Return the ids of queued mails whose next attempt is due: fresh ones whose ring was lost, and failed ones."""
    due = OutgoingMail.objects.filter(status=OutgoingMail.Status.QUEUED, next_attempt_at__lte=timezone.now())
    return [str(pk) for pk in due.order_by("next_attempt_at").values_list("pk", flat=True)[:limit]]


def erase_recipients(addresses: Iterable[str]) -> None:
    """Forget that mails went to these addresses, and drop what is not yet sent."""
    mails = OutgoingMail.objects.filter(to__in=list(addresses))
    mails.filter(status=OutgoingMail.Status.QUEUED).update(status=OutgoingMail.Status.FAILED)
    mails.update(to="erased@erased.invalid", subject="", text="", html="", error="recipient erased")


def erase_mails(*, key_prefix: str) -> None:
    """Forget the mails of one matter, by the beginning of their business keys, and drop what is not yet sent."""
    mails = OutgoingMail.objects.filter(key__startswith=key_prefix)
    mails.filter(status=OutgoingMail.Status.QUEUED).update(status=OutgoingMail.Status.FAILED)
    mails.update(to="erased@erased.invalid", subject="", text="", html="", error="erased")


def erase_mentions(names: Iterable[str]) -> None:
    """Forget what mails said of somebody: their subjects, and the texts of those that could not be sent.

    What still waits to be sent is left: it leaves within hours, and is emptied then.
    """
    for name in names:
        said = Q(subject__icontains=name) | Q(text__icontains=name) | Q(html__icontains=name) | Q(error__icontains=name)
        mails = OutgoingMail.objects.exclude(status=OutgoingMail.Status.QUEUED)
        mails.filter(said).update(subject="", text="", html="", error="")
        mails.filter(to=name).update(to="erased@erased.invalid")


def _claim(mail_id: str) -> OutgoingMail | None:
    now = timezone.now()
    with system_scope():
        due = OutgoingMail.objects.filter(pk=mail_id, status=OutgoingMail.Status.QUEUED, next_attempt_at__lte=now)
        claimed = due.update(attempts=F("attempts") + 1, next_attempt_at=now + CLAIM)
    return OutgoingMail.objects.get(pk=mail_id) if claimed else None


def _headers(mail: OutgoingMail) -> dict[str, str]:
    # The same id each time: a mail that leaves twice is one to the programs that read it. And no robot answers a robot.
    host = urlsplit(settings.SITE_URL).hostname
    return {"Message-ID": f"<{mail.pk}@{host}>", "Auto-Submitted": "auto-generated"}


def _record_failure(mail: OutgoingMail, error: Exception) -> None:
    last = mail.attempts >= ATTEMPTS_MAX
    delay = min(FIRST_DELAY * 2**mail.attempts, DELAY_MAX)
    OutgoingMail.objects.filter(pk=mail.pk).update(
        status=OutgoingMail.Status.FAILED if last else OutgoingMail.Status.QUEUED,
        error=f"{type(error).__name__}: {error}"[:250],
        next_attempt_at=timezone.now() + delay,
    )
    logger.error("mail_failed" if last else "mail_delayed", mail_id=str(mail.pk), error=str(error))
