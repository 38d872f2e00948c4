"""Support's way from "it failed at 4:13 p.m." to the run: two requests, whatever the customer can name."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.core import audit
from tests.factories import MembershipFactory
from tests.insights.conftest import failed_run, run_of, staff_who_may_view

pytestmark = pytest.mark.django_db


def links_to_runs(page) -> list[str]:
    return re.findall(r'href="(/admin/generation/generation/[0-9a-f-]{36}/change/)"', page.text)


def test_two_clicks_lead_from_a_persons_address_to_the_run_that_failed(root):
    person = MembershipFactory(user__email="ada@example.com", user__time_zone="America/New_York")
    failed_run(person, status="succeeded", error_code="", finish_reason="stop", ago=timedelta(hours=5))
    run = failed_run(person, created_at=datetime(2026, 5, 4, 20, 13, tzinfo=UTC), request_id="req-413")

    first = root.get("/admin/find/", {"q": "ada@example.com"})
    second = root.get(links_to_runs(first)[0])

    assert "4:13 p.m. America/New_York" in first.text
    assert first.text.count('class="row-failed"') == 1
    assert all(shown in second.text for shown in (str(run.pk), "worker_lost", "req-413", "ada@example.com"))


def test_the_list_does_the_same_with_failed_ones_of_a_day_alone(root):
    person = MembershipFactory(user__email="ada@example.com")
    run = failed_run(person, created_at=datetime(2026, 5, 4, 23, 59, tzinfo=UTC))
    failed_run(person, created_at=datetime(2026, 5, 5, tzinfo=UTC))
    failed_run(person, status="canceled", error_code="", created_at=run.created_at)
    asked = {"q": "ada@example.com", "status__exact": "failed", "from": "2026-05-04", "to": "2026-05-04"}

    first = root.get("/admin/generation/generation/", asked)
    second = root.get(f"/admin/generation/generation/{first.context['cl'].result_list[0].pk}/change/")

    assert [row.pk for row in first.context["cl"].result_list] == [run.pk]
    assert second.status_code == 200


def test_newest_runs_come_first(root):
    person = MembershipFactory(user__email="ada@example.com")
    older, newer = failed_run(person), failed_run(person)

    assert [str(row.pk) in link for row, link in zip([newer, older], links_to_runs(found(root, "ada@")), strict=True)]


def found(browser, term):
    return browser.get("/admin/find/", {"q": term})


@pytest.mark.parametrize("form", ["{}", "https://example.com/generations/{}/", "  {} "])
def test_the_id_of_a_run_leads_straight_to_it(root, form):
    run = run_of("ada@example.com")

    answer = found(root, form.format(run.pk))

    assert answer["Location"] == f"/admin/generation/generation/{run.pk}/change/"


def test_a_request_id_finds_the_run_and_what_was_audited_with_it(root):
    run = run_of("ada@example.com", request_id="req-from-an-error-page")
    audit.record(actor="user:1", action="tested", subject="workspace:1")
    run_of("bob@example.com", request_id="another")

    page = found(root, "req-from-an-error-page")

    assert links_to_runs(page) == [f"/admin/generation/generation/{run.pk}/change/"]


def test_other_ids_are_found_where_they_belong(root):
    run = run_of("ada@example.com")

    assert str(run.hold_id) in found(root, str(run.hold_id)).text
    assert run.workspace.name in found(root, str(run.workspace_id)).text


def test_what_customers_wrote_and_got_is_shown_nowhere(root):
    run = run_of("ada@example.com", inputs={"text": "my secret"}, output="their secret")
    run.conversation.title = "my secret"
    run.conversation.save()

    pages = [found(root, "ada@"), root.get(f"/admin/generation/generation/{run.pk}/change/")]
    pages.append(root.get("/admin/generation/generation/"))

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert not any("secret" in page.text for page in pages)


@pytest.mark.parametrize("term", ["", "nobody@example.com", "%", "no-such-request", "0" * 40])
def test_a_search_that_finds_nothing_says_so(root, term):
    page = found(root, term)

    assert page.status_code == 200
    assert not page.context["found"]


def test_staff_find_only_what_they_may_view():
    run = run_of("ada@example.com", request_id="req-1")

    page = found(staff_who_may_view("user"), "ada@example.com")

    assert "ada@example.com" in page.text
    assert links_to_runs(page) == []
    assert found(staff_who_may_view("user"), str(run.pk)).status_code == 200


def test_times_are_utc_whatever_zone_the_member_of_staff_lives_in(root):
    run = run_of("ada@example.com", created_at=timezone.now().replace(hour=23, minute=41))

    with timezone.override("Asia/Tokyo"):
        page = root.get("/admin/generation/generation/")

    assert f"{run.created_at:%H:%M:%S}" in page.text
