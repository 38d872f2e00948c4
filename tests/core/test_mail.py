"""A mail is written down with its reason, sent once, and tried again when sending fails."""

from datetime import timedelta

import pytest
from django.core import mail as sent_mail
from django.utils import timezone

from apps.core import mail, tasks
from apps.core.models import OutgoingMail

pytestmark = pytest.mark.django_db
BROKEN = "tests.core.mail_backends.Broken"


def queued(key: str = "welcome:ada") -> OutgoingMail:
    return mail.queue_mail(key=key, to="ada@example.com", subject="Hello", text="A secret link", html="<p>A link</p>")


def make_due(row: OutgoingMail) -> None:
    OutgoingMail.objects.filter(pk=row.pk).update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_the_same_key_is_one_mail():
    first, second = queued(), queued()

    assert first == second
    assert OutgoingMail.objects.count() == 1


def test_a_mail_is_sent_once_however_often_the_bell_rings():
    row = queued()

    tasks.deliver_mail(mail_id=str(row.pk))
    tasks.deliver_mail(mail_id=str(row.pk))

    [message] = sent_mail.outbox
    assert (message.to, message.subject, message.body) == (["ada@example.com"], "Hello", "A secret link")
    assert message.alternatives[0].content == "<p>A link</p>"


def test_a_mail_that_leaves_twice_is_recognized_by_its_id_and_asks_for_no_answer(settings):
    settings.SITE_URL = "https://keel.example:8443"
    row = queued()

    for _ in range(2):
        OutgoingMail.objects.filter(pk=row.pk).update(status="queued", text="A secret link")
        make_due(row)
        mail.deliver(str(row.pk))

    ids = {message.message()["Message-ID"] for message in sent_mail.outbox}
    assert (len(sent_mail.outbox), ids) == (2, {f"<{row.pk}@keel.example>"})
    assert sent_mail.outbox[0].message()["Auto-Submitted"] == "auto-generated"


def test_what_was_sent_is_not_kept():
    row = queued()

    mail.deliver(str(row.pk))

    row.refresh_from_db()
    assert (row.status, row.text, row.html) == ("sent", "", "")


def test_a_failed_mail_waits_is_rung_again_by_the_sweep_and_then_sent(settings):
    row, working = queued(), settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = BROKEN
    mail.deliver(str(row.pk))
    settings.EMAIL_BACKEND = working

    mail.deliver(str(row.pk))
    assert (sent_mail.outbox, mail.list_due_mail_ids()) == ([], [])
    make_due(row)

    assert mail.list_due_mail_ids() == [str(row.pk)]
    mail.deliver(str(row.pk))
    assert len(sent_mail.outbox) == 1


def test_a_failure_of_any_kind_keeps_its_reason(settings):
    settings.EMAIL_BACKEND = BROKEN
    row = queued()

    mail.deliver(str(row.pk))

    row.refresh_from_db()
    assert (row.status, row.attempts, row.error) == ("queued", 1, "ZeroDivisionError: the mail service is odd")


def test_after_the_last_attempt_a_mail_has_failed_and_is_left_alone(settings):
    settings.EMAIL_BACKEND = BROKEN
    row = queued()

    for _ in range(mail.ATTEMPTS_MAX):
        make_due(row)
        mail.deliver(str(row.pk))

    make_due(row)
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("failed", mail.ATTEMPTS_MAX)
    assert mail.list_due_mail_ids() == []


def test_a_mail_that_somebody_is_sending_is_not_sent_by_another():
    row = queued()
    assert mail._claim(str(row.pk)) is not None

    mail.deliver(str(row.pk))

    assert sent_mail.outbox == []


def test_an_erased_person_gets_no_more_mail_and_is_not_remembered():
    row = queued()

    mail.erase_recipients(["ada@example.com"])
    mail.deliver(str(row.pk))

    row.refresh_from_db()
    assert sent_mail.outbox == []
    assert (row.to, row.text, row.html) == ("erased@erased.invalid", "", "")
