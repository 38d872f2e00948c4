"""Overage at Stripe: metered once it is allowed, reported once whatever is lost, and invoiced as the ledger has it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.billing import checkout, overage, subscriptions
from apps.billing.ledger import InsufficientCreditsError
from apps.billing.models import OverageReport, SpendingRules, Subscription
from apps.billing.sync_plans import find_meter
from tests.billing_spending.customers import allow_overage, give, hold, list_overage, rules_of, set_rules, spend

pytestmark = pytest.mark.django_db
METER_EVENTS = "/v1/billing/meter_events"


@pytest.fixture
def pro(shopper):
    """Somebody on the plan Pro, who has used all its credits."""
    session = shopper.subscribe("pro")
    checkout.sync_session(session.stripe_id)
    spend(shopper.workspace.pk, shopper.balance)
    return shopper


def metered(shopper, subscription: Subscription) -> list[str]:
    told = shopper.stripe.client.v1.subscriptions.retrieve(subscription.stripe_id).to_dict()
    return [item["price"]["product"] for item in told["items"]["data"]]


def metered_credits(shopper) -> int:
    """What Stripe's meter has counted for the customer."""
    span = {"start_time": shopper.stripe.now - 86_400, "end_time": shopper.stripe.now + 86_400}
    summaries = shopper.stripe.client.v1.billing.meters.event_summaries.list(
        find_meter()["id"], {"customer": shopper.workspace.stripe_customer.stripe_id, **span}
    )
    return int(sum(summary.aggregated_value for summary in summaries.data))


def test_overage_works_once_stripe_meters_it_and_the_plan_stays_the_plan(pro):
    set_rules(pro.workspace.pk, overage_cap_credits=5_000)
    with pytest.raises(InsufficientCreditsError):
        hold(pro.workspace.pk, 10)

    assert [overage.meter_subscriptions(), overage.meter_subscriptions()] == [1, 0]
    hold(pro.workspace.pk, 10)

    subscription = Subscription.objects.get()
    subscriptions.sync_subscription(subscription.stripe_id)
    assert metered(pro, subscription) == ["plan_pro", "overage_pro"]
    assert (Subscription.objects.get().plan, list_overage(pro.workspace)) == ("pro", [1_000])


def test_a_metered_price_that_is_there_already_is_not_added_twice(pro):
    set_rules(pro.workspace.pk, overage_cap_credits=5_000)
    overage.meter_subscriptions()
    SpendingRules.objects.update(overage_metered_for="")

    overage.meter_subscriptions()

    assert metered(pro, Subscription.objects.get()) == ["plan_pro", "overage_pro"]


def test_an_answer_that_is_lost_changes_nothing_but_the_time(pro):
    set_rules(pro.workspace.pk, overage_cap_credits=5_000)
    overage.meter_subscriptions()
    hold(pro.workspace.pk, 1_500)
    pro.stripe.outage("cut_after", calls=5, path=METER_EVENTS)

    assert overage.report_due() == 0
    pro.stripe.end_outages()
    later = timezone.now() + timedelta(minutes=5)
    assert [overage.report_due(now=later), overage.report_due(now=later)] == [1, 0]

    assert metered_credits(pro) == 2_000


def test_failures_are_kept_and_tried_again_later_and_later(pro):
    set_rules(pro.workspace.pk, overage_cap_credits=5_000)
    overage.meter_subscriptions()
    hold(pro.workspace.pk, 10)
    pro.stripe.outage("error", calls=50, path=METER_EVENTS)

    now = timezone.now()
    tried = [overage.report_due(now=now + timedelta(seconds=seconds)) for seconds in (0, 15, 25, 30, 45)]

    report = OverageReport.objects.get()
    assert (tried, report.attempts, report.reported_at) == ([0] * 5, 3, None)
    assert report.error


def test_what_may_have_arrived_a_day_ago_is_left_to_staff(pro):
    set_rules(pro.workspace.pk, overage_cap_credits=5_000)
    overage.meter_subscriptions()
    hold(pro.workspace.pk, 10)
    OverageReport.objects.update(attempts=1)

    assert overage.report_due(now=timezone.now() + timedelta(hours=24)) == 0
    OverageReport.objects.update(attempts=0)
    assert overage.report_due(now=timezone.now() + timedelta(hours=24)) == 1


def test_the_invoice_at_the_end_of_the_period_is_what_the_ledger_granted(pro):
    set_rules(pro.workspace.pk, overage_cap_credits=5_000)
    overage.meter_subscriptions()
    for amount in (300, 900, 1_100):
        hold(pro.workspace.pk, amount)
        overage.report_due()
    before = pro.balance

    pro.stripe.renew(Subscription.objects.get().stripe_id)
    pro.hear_everything()
    pro.hear_everything()

    assert sum(list_overage(pro.workspace)) == 3_000
    assert pro.workspace.invoices.latest("issued_at").total == 4_900 + 3 * 120
    assert pro.balance == before + 70_000


def test_a_new_subscription_is_metered_before_it_sells_overage(pro):
    set_rules(pro.workspace.pk, overage_cap_credits=5_000)
    overage.meter_subscriptions()
    first = Subscription.objects.get()
    pro.stripe.client.v1.subscriptions.cancel(first.stripe_id)
    subscriptions.sync_subscription(first.stripe_id)
    checkout.sync_session(pro.subscribe("pro").stripe_id)
    spend(pro.workspace.pk, pro.balance)

    with pytest.raises(InsufficientCreditsError):
        hold(pro.workspace.pk, 10)
    overage.meter_subscriptions()
    hold(pro.workspace.pk, 10)

    assert list_overage(pro.workspace) == [1_000]


def test_a_yearly_plan_is_not_metered(shopper):
    checkout.sync_session(shopper.subscribe("pro", interval="year").stripe_id)
    set_rules(shopper.workspace.pk, overage_cap_credits=5_000)

    assert overage.meter_subscriptions() == 0


def test_one_subscription_that_stripe_refuses_does_not_stop_the_others(pro, owner):
    other = owner.workspaces.create(name="Other")
    allow_overage(other)
    SpendingRules.objects.filter(pk=other.pk).update(overage_metered_for="")
    give(other.pk, 1)
    set_rules(pro.workspace.pk, overage_cap_credits=5_000)

    assert overage.meter_subscriptions() == 1


def test_who_allows_none_any_more_can_change_the_plan_again(pro):
    later = timezone.now() + timedelta(days=2)
    set_rules(pro.workspace.pk, overage_cap_credits=5_000)
    overage.meter_subscriptions()
    set_rules(pro.workspace.pk, overage_cap_credits=0)

    assert [overage.stop_metering(), overage.stop_metering(now=later), overage.stop_metering(now=later)] == [0, 1, 0]
    assert metered(pro, Subscription.objects.get()) == ["plan_pro"]


def test_what_was_used_is_invoiced_before_metering_stops(pro):
    later = timezone.now() + timedelta(days=2)
    set_rules(pro.workspace.pk, overage_cap_credits=5_000)
    overage.meter_subscriptions()
    hold(pro.workspace.pk, 10)
    set_rules(pro.workspace.pk, overage_cap_credits=0)

    assert overage.stop_metering(now=later) == 0
    assert metered(pro, Subscription.objects.get()) == ["plan_pro", "overage_pro"]


def test_overage_that_is_allowed_again_is_metered_again_before_it_is_sold(pro):
    for cap in (5_000, 0, 5_000):
        set_rules(pro.workspace.pk, overage_cap_credits=cap)
        overage.meter_subscriptions()
        overage.stop_metering(now=timezone.now() + timedelta(days=2))

    # The first answer is repeated by its name, until a newer state of the subscription is known.
    assert rules_of(pro.workspace.pk).overage_metered_for == ""
    subscriptions.sync_subscription(Subscription.objects.get().stripe_id)
    assert overage.meter_subscriptions() == 1
    assert metered(pro, Subscription.objects.get()) == ["plan_pro", "overage_pro"]
