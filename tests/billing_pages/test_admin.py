"""Staff read the ledger and correct balances: with a permission, a reason, and once per form."""

import uuid

import pytest
from django.contrib.auth.models import Permission

from apps.billing import ledger, selectors
from apps.billing.models import LedgerEntry
from apps.core.models import AuditEntry
from tests.accounts.conftest import new_user

pytestmark = pytest.mark.django_db
LISTS = ["creditaccount", "ledgerentry", "hold", "creditgrant"]


@pytest.fixture
def browser(staff, browser_of):
    return browser_of(staff)


@pytest.fixture(autouse=True)
def _credits(workspace):
    ledger.grant(workspace_id=workspace.pk, amount_credits=100, source="staff", idempotency_key="start")


def adjust(browser, workspace, *, amount=50, reason="An apology", key=None):
    form = {"amount": amount, "reason": reason, "key": key or uuid.uuid4()}
    return browser.post(f"/admin/billing/creditaccount/{workspace.pk}/adjust/", form)


def test_an_adjustment_writes_entry_and_audit_entry_and_says_so(browser, staff, workspace):
    response = adjust(browser, workspace)

    entry, audited = LedgerEntry.objects.get(kind="adjustment"), AuditEntry.objects.get()
    assert response.status_code == 302
    assert (entry.amount, entry.note, entry.actor) == (50, "An apology", f"user:{staff.pk}")
    assert (audited.actor, audited.action) == (entry.actor, "credits_adjusted")
    assert audited.details == {"amount": 50, "reason": "An apology", "entry": str(entry.pk)}
    assert audited.request_id == entry.request_id == response["X-Request-ID"]
    assert "The credits are adjusted. +50" in browser.get(response["Location"]).text


def test_a_form_that_is_sent_twice_counts_once(browser, workspace):
    key = uuid.uuid4()

    adjust(browser, workspace, key=key)
    again = adjust(browser, workspace, key=key)

    assert again.status_code == 302
    assert selectors.get_balance(workspace.pk).balance == 150
    assert AuditEntry.objects.count() == 1


def test_each_form_has_a_key_of_its_own(browser, workspace):
    forms = [browser.get(f"/admin/billing/creditaccount/{workspace.pk}/adjust/").context["form"] for _ in range(2)]

    assert forms[0]["key"].value() != forms[1]["key"].value()


def test_credits_can_be_taken_but_not_more_than_are_there(browser, workspace):
    adjust(browser, workspace, amount=-60)
    refused = adjust(browser, workspace, amount=-60)

    assert "Not enough credits" in refused.text
    assert selectors.get_balance(workspace.pk).balance == 40
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"reason": ""}, {"reason": "  "}, {"amount": 0}, {"amount": "x"}, {"amount": 10**16}]
)
def test_an_adjustment_needs_a_number_and_a_reason(browser, workspace, wrong):
    response = adjust(browser, workspace, **wrong)

    assert response.context["form"].errors
    assert LedgerEntry.objects.filter(kind="adjustment").count() == 0


def test_a_failing_audit_leaves_the_balance_alone(browser, workspace, monkeypatch):
    monkeypatch.setattr(AuditEntry.objects, "create", lambda **fields: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        adjust(browser, workspace)

    assert selectors.get_balance(workspace.pk).balance == 100


def test_staff_without_the_permission_may_not_adjust(browser, staff, workspace):
    staff.user_permissions.remove(Permission.objects.get(codename="adjust_credits"))

    assert adjust(browser, workspace).status_code == 403
    assert "Adjust credits" not in browser.get(f"/admin/billing/creditaccount/{workspace.pk}/change/").text
    assert selectors.get_balance(workspace.pk).balance == 100


def test_customers_may_not_adjust_even_with_the_permission(owner, workspace, browser_of):
    owner.user_permissions.add(Permission.objects.get(codename="adjust_credits"))

    response = adjust(browser_of(owner), workspace)

    assert response["Location"].startswith("/admin/login/")
    assert selectors.get_balance(workspace.pk).balance == 100


def test_an_unknown_workspace_is_a_404(browser, workspace):
    workspace.pk = uuid.uuid4()

    assert adjust(browser, workspace).status_code == 404


@pytest.mark.parametrize("name", LISTS)
def test_rows_are_found_by_the_address_of_a_member(browser, owner, name):
    hit = browser.get(f"/admin/billing/{name}/", {"q": owner.email})
    miss = browser.get(f"/admin/billing/{name}/", {"q": "nobody@example.com"})

    assert hit.status_code == 200
    assert hit.context["cl"].result_count == (0 if name == "hold" else 1)
    assert miss.context["cl"].result_count == 0


@pytest.mark.parametrize("name", LISTS)
def test_nobody_adds_or_deletes_rows_of_money(workspace, browser_of, name):
    root = new_user("root@example.com")
    root.is_staff = root.is_superuser = True
    root.save()

    page = browser_of(root).get(f"/admin/billing/{name}/")

    assert browser_of(root).get(f"/admin/billing/{name}/add/").status_code == 403
    assert "delete_selected" not in page.text


def test_an_entry_can_be_found_by_its_request_and_not_be_changed(browser, workspace):
    request_id = adjust(browser, workspace)["X-Request-ID"]
    entry = LedgerEntry.objects.get(request_id=request_id)

    assert browser.get("/admin/billing/ledgerentry/", {"q": request_id}).context["cl"].result_count == 1
    assert browser.post(f"/admin/billing/ledgerentry/{entry.pk}/change/", {"amount": 9}).status_code == 403
    assert browser.post(f"/admin/billing/ledgerentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403
