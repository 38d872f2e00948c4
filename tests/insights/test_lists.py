"""The lists of the admin: as many queries for many rows as for few, exact filters, and ways in both directions."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.billing.models import LedgerEntry, WebhookEvent
from apps.core import audit
from apps.core.admin import CappedPaginator
from apps.core.ids import since, uuid7, uuid7_floor
from apps.generation.models import Generation
from apps.usage.models import UsageRecord
from tests.factories import GenerationFactory, MembershipFactory
from tests.insights.conftest import failed_attempt, failed_run, run_of, spend
from tests.usage import steps

pytestmark = pytest.mark.django_db
OURS = sorted(model._meta.label_lower for model in admin.site._registry if model.__module__.startswith("apps."))
COUNTED = ["billing.creditaccount", "billing.creditgrant", "billing.hold", "billing.ledgerentry", "accounts.user"]
COUNTED += ["accounts.workspace", "accounts.membership", "generation.generation", "generation.attempt"]
COUNTED += ["usage.usagerecord", "core.auditentry"]


def address(label: str) -> str:
    return f"/admin/{label.replace('.', '/')}/"


def customer_with_rows():
    run = run_of(f"{uuid7()}@example.com")
    failed_attempt(run)
    spend(run.workspace, amount_credits=3)
    steps.record(run.workspace_id, user_id=run.user_id, subject_id=run.pk, at=timezone.now())
    audit.record(actor=f"user:{run.user_id}", action="tested", subject=f"workspace:{run.workspace_id}")
    return run


@pytest.mark.parametrize("label", OURS)
def test_every_list_opens_without_inline_style(root, label):
    page = root.get(address(label))

    assert page.status_code == 200
    assert "<style" not in page.text
    assert " style=" not in page.text


@pytest.mark.parametrize("label", COUNTED)
def test_a_list_takes_as_many_queries_for_many_rows_as_for_few(root, label):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert root.get(address(label)).status_code == 200
        return len(asked)

    customer_with_rows()
    queries()
    few = queries()
    for _ in range(3):
        customer_with_rows()

    assert queries() == few


@pytest.mark.parametrize("label", COUNTED)
def test_every_row_opens(root, label):
    customer_with_rows()
    model = next(model for model in admin.site._registry if model._meta.label_lower == label)

    assert root.get(f"{address(label)}{model.objects.first().pk}/change/").status_code == 200


def test_a_run_leads_to_its_money_its_meter_and_back(root):
    run = customer_with_rows()
    ways = admin.site._registry[Generation].related(run)
    ways += admin.site._registry[UsageRecord].related(UsageRecord.objects.get())

    counts = {str(way.label): root.get(address(way.model), way.query).context["cl"].result_count for way in ways}

    assert (counts["Usage records"], counts["Attempts"], counts["All of this person"]) == (1, 1, 1)
    assert (counts["What it was for"], counts["Ledger of the workspace"]) == (1, 3)


def test_an_entry_leads_to_the_run_whose_hold_it_captured(root):
    run = customer_with_rows()
    entry = LedgerEntry(account_id=run.workspace_id, hold_id=run.hold_id)
    way = admin.site._registry[LedgerEntry].related(entry)[0]

    page = root.get(address(way.model), way.query)

    assert [row.pk for row in page.context["cl"].result_list] == [run.pk]


@pytest.mark.parametrize("label", ["accounts.user", "accounts.workspace", "billing.creditaccount"])
def test_people_and_purses_lead_to_runs_and_ledger(root, label):
    run = customer_with_rows()
    key = run.user_id if label == "accounts.user" else run.workspace_id

    page = root.get(f"{address(label)}{key}/change/").text

    assert "/admin/generation/generation/?" in page
    assert "/admin/billing/ledgerentry/?" in page


@pytest.mark.parametrize(
    ("asked", "expected"),
    [({"from": "2026-05-04"}, 2), ({"from": "2026-05-04", "to": "2026-05-04"}, 1), ({"to": "2026-05-03"}, 1)],
)
def test_days_are_utc_and_both_ends_are_included(root, asked, expected):
    person = MembershipFactory()
    for at in ((3, 23, 59), (4, 0, 0), (5, 0, 0)):
        failed_run(person, created_at=datetime(2026, 5, *at, tzinfo=UTC))

    assert root.get(address("generation.generation"), asked).context["cl"].result_count == expected


@pytest.mark.parametrize("asked", [{"from": "x"}, {"from": "2026-13-01", "to": "2026-02-30"}, {"from": "99:99"}])
def test_a_day_that_does_not_exist_is_ignored(root, asked):
    run_of("ada@example.com")

    assert root.get(address("generation.generation"), asked).context["cl"].result_count == 1


@pytest.mark.parametrize("asked", [{"user": "x"}, {"hold": "x"}, {"workspace": "1"}, {"nonsense": "1"}])
def test_a_filter_that_makes_no_sense_breaks_nothing(root, asked):
    assert root.get(address("generation.generation"), asked).status_code in {200, 302}


def test_filters_are_kept_when_days_are_chosen(root):
    person = run_of("ada@example.com").user

    page = root.get(address("generation.generation"), {"user": person.pk, "q": "ada"}).text

    assert f'<input type="hidden" name="user" value="{person.pk}">' in page
    assert '<input type="hidden" name="q" value="ada">' in page


def test_a_list_counts_no_further_than_needed(monkeypatch):
    monkeypatch.setattr("apps.core.admin.COUNT_MAX", 2)
    for _ in range(3):
        GenerationFactory()

    pages = CappedPaginator(Generation.objects.order_by("-pk"), 50)

    assert (pages.count, pages.is_capped) == (2, True)


def test_ids_tell_their_time():
    now = timezone.now()
    run = run_of("ada@example.com", created_at=now)

    assert uuid7_floor(now - timedelta(seconds=1)) < run.pk < uuid7_floor(now + timedelta(minutes=1))
    assert list(Generation.objects.filter(since(now))) == [run]
    assert not Generation.objects.filter(since(now + timedelta(milliseconds=1)))


def test_events_that_wait_are_one_filter_away(root):
    for number, status in enumerate(["received", "failed", "processed"]):
        WebhookEvent.objects.create(
            stripe_id=f"evt_{number}", type="t", payload={}, status=status, processed_at=timezone.now()
        )

    assert root.get(address("billing.webhookevent"), {"unprocessed": "yes"}).context["cl"].result_count == 2


def test_the_audit_log_links_to_whom_it_names_and_stays_as_it_is(root):
    run = customer_with_rows()

    page = root.get(address("core.auditentry"), {"q": f"workspace:{run.workspace_id}"})

    assert f"/admin/accounts/workspace/{run.workspace_id}/change/" in page.text
    assert f"/admin/accounts/user/{run.user_id}/change/" in page.text
    assert root.get(f"{address('core.auditentry')}add/").status_code == 403
