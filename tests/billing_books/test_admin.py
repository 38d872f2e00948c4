"""Staff read what was sold and what Stripe told, find it by anything they may be told, and change nothing by hand."""

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from apps.billing import tasks
from apps.billing.admin import links
from apps.billing.models import Invoice, Payment, Reconciliation, Subscription, WebhookEvent
from apps.core.models import AuditEntry

pytestmark = pytest.mark.django_db
LISTS = ["customer", "checkoutsession", "subscription", "invoice", "payment"]
READ_ONLY = [*LISTS, "webhookevent", "reconciliation", "spendingrules", "topup", "overagereport"]


@pytest.fixture
def rings(monkeypatch) -> list[str]:
    rung: list[str] = []
    for name in ("ring", "ring_on_commit"):
        monkeypatch.setattr(f"apps.billing.admin.events.{name}", lambda task, **told: rung.append(task.name) or True)
    return rung


@pytest.fixture
def subscriber(shopper):
    shopper.subscribe("pro")
    shopper.hear_everything()
    return shopper


def found(browser, name: str, term: str) -> int:
    return browser.get(f"/admin/billing/{name}/", {"q": term}).context["cl"].result_count


def an_event(**values) -> WebhookEvent:
    told = {"data": {"object": {"object": "invoice", "id": "in_1"}}}
    return WebhookEvent.objects.create(**{"stripe_id": "evt_1", "type": "invoice.paid", "payload": told} | values)


@pytest.mark.parametrize("name", LISTS)
def test_what_was_sold_is_found_by_address_and_stripes_ids(browser, subscriber, owner, name):
    payment, invoice = Payment.objects.get(), Invoice.objects.get()
    ids = {
        "customer": subscriber.workspace.stripe_customer.stripe_id,
        "checkoutsession": subscriber.workspace.checkout_sessions.get().stripe_id,
        "subscription": Subscription.objects.get().stripe_id,
        "invoice": invoice.number,
        "payment": payment.stripe_payment_intent_id,
    }

    assert found(browser, name, owner.email) == 1
    assert found(browser, name, ids[name]) == 1
    assert found(browser, name, "nobody@example.com") == 0


def test_a_payment_is_found_by_its_invoice_in_any_way(browser, subscriber):
    invoice = Invoice.objects.get()

    assert found(browser, "payment", invoice.number) == 1
    assert found(browser, "payment", invoice.stripe_id) == 1
    assert found(browser, "payment", invoice.stripe_subscription_id) == 1


@pytest.mark.parametrize("name", LISTS)
def test_every_row_has_a_page(browser, subscriber, name):
    model = links.OF_WORKSPACE and {
        "customer": subscriber.workspace.stripe_customer,
        "checkoutsession": subscriber.workspace.checkout_sessions.get(),
        "subscription": Subscription.objects.get(),
        "invoice": Invoice.objects.get(),
        "payment": Payment.objects.get(),
    }

    assert browser.get(f"/admin/billing/{name}/{model[name].pk}/change/").status_code == 200


@pytest.mark.parametrize("name", READ_ONLY)
def test_nobody_adds_or_deletes(browser, staff, db, name):
    staff.is_superuser = True
    staff.save()

    page = browser.get(f"/admin/billing/{name}/")

    assert page.status_code == 200
    assert "delete_selected" not in page.text
    assert browser.get(f"/admin/billing/{name}/add/").status_code == 403


def test_the_address_of_an_open_checkout_is_not_shown(browser, shopper):
    session = shopper.pay_pack(outcome="decline")

    assert session.url not in browser.get(f"/admin/billing/checkoutsession/{session.pk}/change/").text


@pytest.mark.parametrize(
    ("key", "base", "expected"),
    [
        ("sk_test_1", "", 'href="https://dashboard.stripe.com/test/payments/pi_1"'),
        ("sk_live_1", "", 'href="https://dashboard.stripe.com/payments/pi_1"'),
        ("sk_test_1", "http://127.0.0.1:1", "pi_1"),
    ],
)
def test_links_lead_to_the_dashboard_of_the_keys_mode(settings, key, base, expected):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = key, base

    assert expected in links.dashboard_link("pi_1")
    assert links.dashboard_link("") == "-"


def test_an_event_is_replayed_once_more_with_a_trace(browser, staff, rings):
    event = an_event(status="failed", attempts=15, error="KeyError: 'x'")

    page = browser.post(f"/admin/billing/webhookevent/{event.pk}/replay/", follow=True)

    event.refresh_from_db()
    assert (event.status, event.attempts, event.error) == ("received", 0, "")
    assert rings == [tasks.process_event.name]
    assert AuditEntry.objects.get().actor == f"user:{staff.pk}"
    assert "1 event is processed again" in page.text


def test_several_events_are_replayed_from_the_list(browser, rings):
    events = [an_event(stripe_id=f"evt_{number}", status="failed") for number in range(3)]
    form = {"action": "replay_selected", "_selected_action": [str(event.pk) for event in events[:2]]}

    browser.post("/admin/billing/webhookevent/", form)

    assert WebhookEvent.objects.filter(status="received").count() == 2
    assert len(rings) == 2


def test_a_replay_grants_nothing_twice(browser, subscriber, rings):
    event = WebhookEvent.objects.get(type="invoice.paid")

    browser.post(f"/admin/billing/webhookevent/{event.pk}/replay/")
    tasks.process_event(event_id=str(event.pk))

    event.refresh_from_db()
    assert event.status == "processed"
    assert subscriber.balance == 70_000


def test_staff_without_the_permission_may_not_replay(browser, staff, rings):
    event = an_event(status="failed")
    staff.user_permissions.remove(Permission.objects.get(codename="replay_event"))
    form = {"action": "replay_selected", "_selected_action": [str(event.pk)]}

    browser.post("/admin/billing/webhookevent/", form)

    assert browser.post(f"/admin/billing/webhookevent/{event.pk}/replay/").status_code == 403
    assert "Replay" not in browser.get(f"/admin/billing/webhookevent/{event.pk}/change/").text
    assert (WebhookEvent.objects.get().status, rings) == ("failed", [])


def test_looking_at_the_address_of_a_replay_does_nothing(browser, rings):
    event = an_event(status="failed")

    assert browser.get(f"/admin/billing/webhookevent/{event.pk}/replay/").status_code == 405


def test_events_are_found_by_what_they_are_about(browser, db):
    an_event()

    assert found(browser, "webhookevent", "in_1") == 1
    assert found(browser, "webhookevent", "in_2") == 0
    assert (
        "&quot;id&quot;: &quot;in_1&quot;"
        in browser.get(f"/admin/billing/webhookevent/{WebhookEvent.objects.get().pk}/change/").text
    )


def test_differences_are_a_table_that_can_be_fetched_again(browser, workspace, rings):
    line = {"kind": "payment", "stripe_id": "cs_1", "workspace": str(workspace.pk)}
    line |= {"stripe_value": "500 usd", "our_value": "nothing"}
    now = timezone.now()
    row = Reconciliation.objects.create(since=now.replace(year=2025), until=now, checked=3, differences=[line])

    page = browser.get(f"/admin/billing/reconciliation/{row.pk}/change/").text
    browser.post(f"/admin/billing/reconciliation/{row.pk}/fetch-again/")
    browser.post("/admin/billing/reconciliation/compare/")

    assert all(text in page for text in ("500 usd", "nothing", "cs_1", "1 difference"))
    assert rings == [tasks.reconcile.name] * 2


def test_the_job_fetches_again_what_differed(shopper):
    shopper.pay_pack()
    tasks.reconcile()
    first = Reconciliation.objects.get()
    since = timezone.now().replace(year=2025)
    asked = Reconciliation.objects.create(since=since, until=first.until, checked=0, differences=[
        {"kind": "payment", "stripe_id": shopper.workspace.checkout_sessions.get().stripe_id, "workspace": "x"}
    ])  # fmt: skip

    tasks.reconcile(reconciliation_id=str(asked.pk))

    assert shopper.balance == 5_000
