"""Those who run the product hear of a matter once per window: by mail, by webhook and in the log."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core import mail as sent_mail
from django.utils import timezone

from apps.core import alert_webhook, alerts, tasks
from apps.core.db import system_scope
from apps.core.models import Alert, OutgoingMail
from tests.billing import parallel

SAID = {"kind": "budget", "window": "budget:all:2026-11-22:80", "sentence": "80 % of today's budget is used."}


class Hook(HTTPServer):
    """Somebody's webhook: keeps what it was told, and answers as a test wants."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.heard: list[tuple[str, dict[str, str]]] = []
        self.status = 200
        self.url = f"http://127.0.0.1:{self.server_port}/secret-hook"


class _Answering(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Be quiet."""


@pytest.fixture
def hook(settings) -> Iterator[Hook]:
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        settings.ALERT_WEBHOOK_URL = server.url
        yield server
        server.shutdown()
        thread.join()


def make_due(alert: Alert) -> None:
    Alert.objects.filter(pk=alert.pk).update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_a_matter_is_told_once_per_window(db, settings):
    settings.ALERT_EMAILS = ["ops@example.com", "founder@example.com"]

    assert alerts.send(**SAID, used_usd_micros=8_000_000)
    assert not alerts.send(**SAID | {"sentence": "the same again"})
    assert alerts.send(**SAID | {"window": "budget:all:2026-11-22:100"})

    assert Alert.objects.count() == 2
    assert OutgoingMail.objects.count() == 4
    first = Alert.objects.get(window=SAID["window"])
    assert (first.sentence, first.facts, first.delivery) == (SAID["sentence"], {"used_usd_micros": 8_000_000}, "none")


def test_the_mail_says_what_and_leads_to_the_admin(db, settings):
    settings.ALERT_EMAILS = ["ops@example.com"]
    alerts.send(**SAID, provider="openai")

    tasks.deliver_mail(mail_id=str(OutgoingMail.objects.get().pk))

    [message] = sent_mail.outbox
    assert message.subject.endswith(SAID["sentence"])
    assert SAID["sentence"] in message.body
    assert "openai" in message.body
    assert f"/admin/core/alert/{Alert.objects.get().pk}/change/" in message.body


def test_many_at_once_tell_it_once(committed_db):
    told = parallel.in_threads([partial(alerts.send, **SAID)] * 8)

    assert sorted(told) == [False] * 7 + [True]


def test_what_is_rolled_back_is_not_told(committed_db, settings):
    settings.ALERT_EMAILS = ["ops@example.com"]

    def send_and_fail() -> None:
        with system_scope():
            alerts.send(**SAID)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        send_and_fail()

    assert (Alert.objects.count(), OutgoingMail.objects.count()) == (0, 0)
    assert alerts.send(**SAID)


def test_the_webhook_gets_slacks_shape_once_however_often_the_bell_rings(db, hook, settings):
    settings.SITE_NAME = "Keel"
    alerts.send(**SAID)
    alert = Alert.objects.get()

    tasks.deliver_alert(alert_id=str(alert.pk))
    tasks.deliver_alert(alert_id=str(alert.pk))

    assert hook.heard == [("/secret-hook", {"text": f"[Keel, {settings.ENVIRONMENT}] {SAID['sentence']}"})]
    assert Alert.objects.get().delivery == "sent"


@pytest.mark.parametrize("status", [302, 307, 404, 500])
def test_a_refusal_or_a_redirect_is_tried_again_and_given_up_in_the_end(status, db, hook):
    hook.status = status
    alerts.send(**SAID)
    alert = Alert.objects.get()

    for _ in range(alert_webhook.ATTEMPTS_MAX + 1):
        make_due(alert)
        alert_webhook.deliver(str(alert.pk))

    alert.refresh_from_db()
    assert (alert.delivery, alert.attempts, alert.error) == ("failed", alert_webhook.ATTEMPTS_MAX, f"HTTP {status}")
    assert {path for path, _body in hook.heard} == {"/secret-hook"}
    assert len(hook.heard) == alert_webhook.ATTEMPTS_MAX


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/secret-hook", "file:///etc/secret-hook", "nonsense-secret-hook"])
def test_an_address_that_does_not_answer_is_not_named_in_what_is_kept(url, db, settings):
    settings.ALERT_WEBHOOK_URL = url
    alerts.send(**SAID)
    alert = Alert.objects.get()

    alert_webhook.deliver(str(alert.pk))

    alert.refresh_from_db()
    assert (alert.delivery, alert.attempts) == ("queued", 1)
    assert alert.error
    assert "secret" not in alert.error


def test_a_lost_ring_is_repeated_and_an_old_alert_is_deleted(db, hook):
    alerts.send(**SAID)
    due = alert_webhook.list_due_ids()
    Alert.objects.update(created_at=timezone.now() - alert_webhook.KEPT - timedelta(days=1))

    tasks.purge_alerts()

    assert len(due) == 1
    assert Alert.objects.count() == 0
