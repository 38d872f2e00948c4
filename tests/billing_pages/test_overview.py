"""The billing page explains every credit, to those whose credits they are."""

import uuid

import pytest
from django.template import engines
from django.test import RequestFactory

from apps.billing import ledger, views
from apps.billing.explanations import explain
from apps.billing.models import LedgerEntry
from apps.core.personal_data import export_user
from tests.queries import asked, asks_at_most

pytestmark = pytest.mark.django_db


def give(workspace, amount=1000, key="gift", source="staff", **more):
    return ledger.grant(workspace_id=workspace.pk, amount_credits=amount, source=source, idempotency_key=key, **more)


def hold(workspace, amount, key):
    return ledger.place_hold(
        workspace_id=workspace.pk, amount_credits=amount, idempotency_key=f"hold:{key}", ttl_seconds=600
    )


def test_a_visitor_is_sent_to_the_login_page(client):
    assert client.get("/billing/")["Location"] == "/accounts/login/?next=/billing/"


def test_the_page_shows_balance_holds_grants_and_entries(owner, workspace, browser_of):
    give(workspace, 12_345, note="For the <trouble>")
    hold(workspace, 345, "a")

    page = browser_of(owner).get("/billing/").text

    assert "<dd>12,000</dd>" in page
    assert "<dd>345</dd>" in page
    assert "12,345<small>of 12,345</small>" in page
    assert "Credits from our team." in page
    assert "For the &lt;trouble&gt;" in page
    assert page.count('data-credits="available">12,000<') == 2  # in the sidebar, and in the top bar of a phone


def test_a_new_workspace_has_zero_and_no_movement(owner, browser_of):
    page = browser_of(owner).get("/billing/").text

    assert "No credits have moved yet." in page
    assert 'data-credits="available">0<' in page


def test_a_stranger_sees_nothing_of_it(workspace, stranger, browser_of):
    give(workspace, 777, note="a private note")

    page = browser_of(stranger).get("/billing/").text

    assert "a private note" not in page
    assert "777" not in page


def test_a_capture_for_a_generation_says_so_and_names_it(workspace):
    give(workspace)
    generation_id = uuid.uuid4()
    placed = hold(workspace, 100, f"generation:{generation_id}")
    ledger.capture(hold_id=placed.id, amount_credits=40, idempotency_key=f"capture:generation:{generation_id}")

    explanation = explain(LedgerEntry.objects.get(kind="capture"))

    assert str(explanation.sentence) == "Used by a generation."
    assert explanation.subject_url in ("", f"/generations/{generation_id}/")


@pytest.mark.parametrize("key", ["capture:x", "generation:not-a-uuid", f"regeneration:{uuid.UUID(int=7)}"])
def test_a_key_that_names_no_generation_leads_nowhere(workspace, key):
    give(workspace)
    ledger.capture(hold_id=hold(workspace, 100, "x").id, amount_credits=40, idempotency_key=key)

    explanation = explain(LedgerEntry.objects.get(kind="capture"))

    assert (str(explanation.sentence), explanation.subject_url) == ("Used.", "")


@pytest.mark.parametrize("source", ["sign_up", "plan", "purchase", "promotion", "staff", "returned"])
def test_each_source_has_its_sentence(workspace, source):
    give(workspace, source=source)

    assert str(explain(LedgerEntry.objects.select_related("grant").get()).sentence).endswith(".")


def test_pages_follow_each_other_without_gap_or_repeat(owner, workspace, browser_of, monkeypatch):
    monkeypatch.setattr(views, "ENTRIES_PER_PAGE", 3)
    for number in range(7):
        give(workspace, 100 + number, key=f"gift-{number}")
    browser, address, amounts = browser_of(owner), "/billing/", []

    while address:
        response = browser.get(address)
        amounts.append([entry.amount for entry, _ in response.context["lines"]])
        address = response.context["older_url"]

    assert amounts == [[106, 105, 104], [103, 102, 101], [100]]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "1.5", "٣"])
def test_a_cursor_that_is_none_shows_the_newest(owner, workspace, browser_of, before):
    give(workspace)

    response = browser_of(owner).get("/billing/", {"before": before})

    assert len(response.context["lines"]) == 1


def test_the_number_of_queries_does_not_grow_with_the_entries(owner, workspace, browser_of):
    for number in range(20):
        give(workspace, key=f"gift-{number}")
    browser = browser_of(owner)

    with asks_at_most(14):
        browser.get("/billing/")


def render(template, user, **attributes):
    request = RequestFactory().get("/")
    request.user = user
    for name, value in attributes.items():
        setattr(request, name, value)
    return engines["django"].from_string(template).render({}, request)


def test_the_balance_costs_one_query_and_only_where_it_is_shown(owner, workspace):
    give(workspace, 70)

    with asked() as queries:
        render("nothing about money", owner)
    assert queries == []
    for attributes, number in (({"membership": owner.memberships.get()}, 1), ({}, 2)):
        with asked() as queries:
            assert render("{{ credits.available }} {{ credits.held }}", owner, **attributes) == "70 0"
        assert len(queries) == number


def test_the_export_tells_balance_and_entries(owner, workspace):
    give(workspace, 70, note="a gift")

    exported = export_user(owner)["billing"]

    assert exported["balance"]["available"] == 70
    assert [(entry["kind"], entry["amount"], entry["note"]) for entry in exported["entries"]] == [
        ("grant", 70, "a gift")
    ]


def test_a_hold_leads_to_its_generation(owner, workspace, browser_of):
    give(workspace)
    generation_id = uuid.uuid4()
    hold(workspace, 100, f"generation:{generation_id}")
    hold(workspace, 50, "something-else")

    holds = browser_of(owner).get("/billing/").context["holds"]

    assert [(placed.amount, url) for placed, url in holds] == [(100, f"/generations/{generation_id}/"), (50, None)]
