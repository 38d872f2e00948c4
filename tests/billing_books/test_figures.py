"""The first page of the admin tells what was earned and what needs somebody, and leads to the rows behind it."""

from datetime import UTC, timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.billing import reconciliation
from apps.billing.models import Invoice, Payment, Subscription, WebhookEvent
from apps.insights.overview import Figure, build_overview
from tests.accounts.conftest import new_email

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(client):
    client.force_login(User.objects.create_superuser(new_email("root"), "x"))
    return client


def figure(label: str, *, may_view=lambda model: True) -> Figure:
    found = build_overview(may_view=may_view, now=timezone.now().astimezone(UTC))
    return next(figure for figure in found.figures if str(figure.label) == label)


def rows_behind(browser, figure: Figure) -> int:
    return browser.get(figure.url).context["cl"].result_count


def test_revenue_is_what_stays(shopper, root):
    payment = shopper.buy_pack("medium")
    Payment.objects.filter(pk=payment.pk).update(amount_refunded=500, paid_at=timezone.now() - timedelta(days=2))
    shopper.buy_pack("small")

    today, month = figure("Revenue today"), figure("Revenue in 30 days")

    assert (today.text, month.text) == ("$5", "$20")
    assert (rows_behind(root, today), rows_behind(root, month)) == (today.value, month.value) == (1, 2)


def test_what_is_refunded_and_disputed_counts_once(shopper):
    payment = shopper.buy_pack("small")
    Payment.objects.filter(pk=payment.pk).update(amount_refunded=300, amount_disputed=500, dispute_status="lost")

    assert figure("Revenue today").text == "$0"


def test_another_currency_is_told_beside_the_first(shopper):
    payment = shopper.buy_pack("small")
    shopper.buy_pack("medium")
    Payment.objects.filter(pk=payment.pk).update(currency="jpy")

    assert (figure("Revenue today").text, figure("Revenue today").hint) == ("$20", "and ¥500")


def test_subscriptions_that_began_are_counted_and_overdue_ones_told(shopper, root):
    shopper.subscribe("pro")
    shopper.hear_everything()
    first = figure("New subscriptions")
    Subscription.objects.update(status="past_due", past_due_since=timezone.now())

    assert (first.value, first.hint, rows_behind(root, first)) == (1, "in 30 days", 1)
    assert figure("New subscriptions").hint == "in 30 days; 1 overdue now"


def test_failed_payments_and_open_disputes_ask_for_somebody(shopper, root):
    payment = shopper.buy_pack()
    shopper.stripe.dispute(payment.stripe_payment_intent_id)
    shopper.subscribe("pro")
    shopper.hear_everything()
    Invoice.objects.exclude(stripe_subscription_id="").update(status="open", attempt_count=1, paid_at=None)

    failed, disputed = figure("Failed payments"), figure("Open disputes")

    assert (failed.value, failed.level, rows_behind(root, failed)) == (1, "warning", 1)
    assert (disputed.value, disputed.level, rows_behind(root, disputed)) == (1, "error", 1)


def test_an_event_that_waits_too_long_is_told_with_its_age(db):
    event = WebhookEvent.objects.create(stripe_id="evt_1", type="t", payload={})
    WebhookEvent.objects.filter(pk=event.pk).update(received_at=timezone.now() - timedelta(hours=3))

    found = figure("Stripe events not processed")

    assert (found.value, found.level) == (1, "warning")
    assert found.hint.replace("\xa0", " ") == "the oldest waits for 3 hours"


def test_differences_with_stripe_are_told(shopper):
    shopper.pay_pack()
    reconciliation.reconcile(since=timezone.now() - timedelta(days=1))

    assert (figure("Differences with Stripe").value, figure("Differences with Stripe").level) == (1, "error")


def test_money_is_for_those_who_may_see_payments(shopper):
    shopper.buy_pack()

    with pytest.raises(StopIteration):
        figure("Revenue today", may_view=lambda model: model != "billing.payment")
