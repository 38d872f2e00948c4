"""The admin opens with what happens today: right figures, each a link to its rows, none beyond one's permissions."""

import re
from datetime import UTC, timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from apps.billing.models import WebhookEvent
from apps.core import mail
from apps.core.db import system_scope
from apps.core.models import OutgoingMail
from apps.generation.gateway import breaker
from apps.insights import site
from apps.insights.overview import PARTS, build_overview
from tests.factories import GenerationFactory, MembershipFactory
from tests.insights.conftest import failed_attempt, failed_run, run_of, spend, staff_who_may_view
from tests.queries import asked

pytestmark = pytest.mark.django_db
QUERIES_MAX = 16


def overview(*, at=None, may_view=lambda model: True):
    return build_overview(may_view=may_view, now=(at or timezone.now()).astimezone(UTC))


def figure(label, **asked):
    return next(found for found in overview(**asked).figures if str(found.label) == label)


def noon():
    return timezone.now().astimezone(UTC).replace(hour=12, minute=0, second=0)


def test_generations_of_today_are_counted_by_status_and_error_code():
    membership = MembershipFactory()
    for code in ("worker_lost", "worker_lost", "idle_timeout"):
        failed_run(membership, code=code, ago=timezone.now() - noon())
    failed_run(membership, ago=timezone.now() - noon() + timedelta(days=1))

    found = overview(at=noon() + timedelta(hours=1))

    assert {share.status: share.count for share in found.statuses if share.count} == {"failed": 3}
    assert [(error.code, error.count) for error in found.error_codes] == [("worker_lost", 2), ("idle_timeout", 1)]


def test_the_day_begins_at_midnight_in_utc(settings):
    midnight = noon().replace(hour=0)
    membership = MembershipFactory()
    failed_run(membership, created_at=midnight - timedelta(seconds=1))
    failed_run(membership, created_at=midnight)

    with timezone.override("Pacific/Auckland"):
        assert overview(at=noon()).generations_today == 1


def test_the_shares_fill_the_bar_without_overlapping():
    membership = MembershipFactory()
    for status in ("failed", "failed", "canceled"):
        failed_run(membership, status=status, error_code="x" if status == "failed" else "", created_at=noon())

    shares = overview(at=noon()).statuses

    assert [one.start + one.length for one in shares[:-1]] == [other.start for other in shares[1:]]
    assert 990 <= sum(share.length for share in shares) <= 1000


def test_credits_are_added_up_by_day_and_what_came_back_is_not_granted():
    workspace = MembershipFactory().workspace
    spend(workspace, amount_credits=7)
    spend(workspace, amount_credits=5)

    today = overview().credit_days[0]

    assert (today.granted, today.spent) == (24, 12)
    assert (overview().granted, overview().spent) == (24, 12)
    assert len(overview().credit_days) == 7


def test_failed_calls_are_counted_in_the_last_hour_and_day():
    run = run_of("ada@example.com")
    failed_attempt(run)

    later = overview(at=timezone.now() + timedelta(hours=2)).provider_errors

    assert [(row.code, row.last_hour, row.count) for row in overview().provider_errors] == [("idle_timeout", 1, 1)]
    assert [(row.code, row.last_hour, row.count) for row in later] == [("idle_timeout", 0, 1)]


def test_a_long_queue_is_an_alarm():
    GenerationFactory(created_at=timezone.now() - timedelta(seconds=90))

    assert (figure("Generations queued").value, figure("Generations queued").level) == (1, "warning")
    assert figure("Generations queued", at=timezone.now() + timedelta(minutes=10)).level == "error"
    assert "90 s" in figure("Generations queued").hint


def test_open_holds_show_their_credits_and_what_is_overdue():
    GenerationFactory()

    assert (figure("Open holds").value, figure("Open holds").hint) == (1, "10 credits reserved")
    assert figure("Open holds", at=timezone.now() + timedelta(hours=2)).hint == "10 credits reserved, 1 is overdue"


def test_mail_that_waits_too_long_or_failed_stands_out():
    with system_scope():
        mail.queue_mail(key="k", to="ada@example.com", subject="Hello", text="text", html="")
    OutgoingMail.objects.create(key="f", to="a@example.com", subject="s", status="failed")

    assert (figure("Mails waiting").value, figure("Mails waiting").level) == (1, "")
    assert figure("Mails waiting", at=timezone.now() + timedelta(minutes=6)).level == "warning"
    assert (figure("Mails failed").value, figure("Mails failed").level) == (1, "error")


def test_events_that_are_not_processed_are_counted():
    for number, status in enumerate(["received", "failed", "processed", "ignored"]):
        WebhookEvent.objects.create(
            stripe_id=f"evt_{number}", type="t", payload={}, status=status, processed_at=timezone.now()
        )

    found = figure("Stripe events not processed")

    assert (found.value, found.level, found.hint) == (2, "error", "1 failed, the oldest waits for 0 s")


def test_every_figure_leads_to_as_many_rows_as_it_says(root):
    run = run_of("ada@example.com", created_at=timezone.now())
    failed_attempt(run)
    GenerationFactory()
    spend(run.workspace, amount_credits=4)
    WebhookEvent.objects.create(stripe_id="evt_1", type="t", payload={})

    found = overview()
    said = [(one.url, one.value) for one in found.figures] + [(one.url, one.count) for one in found.statuses]
    said += [(one.url, one.count) for one in found.error_codes + found.provider_errors]

    assert {url: root.get(url).context["cl"].result_count for url, _count in said} == dict(said)
    assert root.get(found.credit_days[0].spent_url).context["cl"].result_count == 1


def test_the_page_shows_it_and_says_that_today_is_utc(root):
    run_of("ada@example.com", created_at=timezone.now())

    page = root.get("/admin/").text

    assert "Generations today" in page
    assert "in UTC" in page
    assert "worker_lost" in page
    assert "style=" not in page


def test_staff_see_only_the_figures_that_they_may_view():
    page = staff_who_may_view("hold").get("/admin/").text

    assert "Open holds" in page
    assert not re.search("Generations today|Credits by day|Failed calls|Mails waiting|Stripe events|queued", page)


def test_figures_that_may_not_be_viewed_are_not_even_asked_for():
    with asked() as found:
        overview(may_view=lambda model: model == "billing.hold")

    assert [sql for sql in found if "generation" in sql or "ledgerentry" in sql] == []


def test_the_overview_takes_few_queries_however_many_rows_there_are():
    def queries():
        with asked() as found:
            overview()
        return len(found)

    before = queries()
    membership = MembershipFactory()
    for code in ("worker_lost", "idle_timeout", "total_timeout"):
        failed_attempt(failed_run(membership, code=code), code=code)

    assert queries() == before <= QUERIES_MAX


def test_every_figure_reads_an_index():
    with asked() as found:
        overview()
    selects = [sql for sql in found if sql.startswith("SELECT")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_seqscan', 'off', true)")
        plans = []
        for sql in selects:
            cursor.execute(f"EXPLAIN {sql}")
            plans.append("\n".join(line for (line,) in cursor.fetchall()))

    assert len(plans) >= len(PARTS)
    assert [plan for plan in plans if "Seq Scan" in plan] == []


def test_the_lists_stay_within_reach_when_the_figures_do_not_come(root, monkeypatch):
    def too_slow(**asked):
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(site, "build_overview", too_slow)

    page = root.get("/admin/")

    assert page.status_code == 200
    assert "did not come in time" in page.text
    assert "/admin/generation/generation/" in page.text


def test_a_provider_that_is_not_answering_is_named_with_the_hour(root):
    breaker.reset("openai")
    assert "has not answered" not in root.get("/admin/").text
    for _ in range(breaker.FAILURES_MAX):
        breaker.fail("openai")

    page = root.get("/admin/").text

    breaker.reset("openai")
    assert re.search(r"openai has not answered since \d\d:\d\d UTC", page)
