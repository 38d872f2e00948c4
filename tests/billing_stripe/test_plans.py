"""A plan from its first payment to its end: what each invoice brings, and what changing it costs and takes back."""

from datetime import timedelta

import pytest

from apps.billing import checkout, stripe_client, subscriptions
from apps.billing.catalogue import load_catalogue
from apps.billing.models import CreditGrant, Invoice, Payment, Subscription
from apps.billing.sync_plans import sync_plans
from tests.billing_stripe.buyer import hear
from tests.billing_stripe.test_packs import make_code


def test_each_paid_month_brings_its_credits(buyer):
    subscription = buyer.subscribe("pro")
    buyer.renew(subscription)
    buyer.renew(subscription)

    assert buyer.movements == [("grant", 70_000)] * 3
    assert buyer.allowed.plan.slug == "pro"


def test_credits_of_a_month_expire_after_the_rollover(buyer):
    subscription = buyer.subscribe("pro")

    expires_at = CreditGrant.objects.get().expires_at
    assert expires_at == subscription.current_period_end + timedelta(days=30)


def test_a_year_brings_its_credits_at_once(buyer):
    subscription = buyer.subscribe("pro", interval="year")

    assert buyer.movements == [("grant", 12 * 70_000)]
    assert subscription.interval == "year"


def test_a_trial_brings_its_credits_once_and_the_plans_with_the_first_payment(buyer):
    subscription = buyer.subscribe("starter")
    assert (buyer.balance, str(buyer.allowed.standing)) == (1_000, "trial")
    assert CreditGrant.objects.get().expires_at == subscription.trial_end

    for told in buyer.stripe.events("customer.subscription.*"):
        hear(told)
    buyer.renew(subscription)
    assert buyer.movements == [("grant", 1_000), ("grant", 15_000)]


def test_who_had_a_trial_pays_the_next_time_at_once(buyer):
    subscription = buyer.subscribe("starter")
    buyer.stripe.client.v1.subscriptions.cancel(subscription.stripe_id)
    buyer.hear()
    buyer.subscribe("starter")

    assert buyer.movements == [("grant", 1_000), ("grant", 15_000)]


def test_a_first_payment_that_takes_days_grants_nothing_until_it_has_arrived(buyer):
    session = buyer.start_plan("pro")
    buyer.pay(session, outcome="delayed")
    buyer.hear()
    assert buyer.movements == []

    buyer.stripe.finish_delayed(session.stripe_id, is_paid=True)
    buyer.hear()
    assert (buyer.movements, buyer.allowed.plan.slug) == ([("grant", 70_000)], "pro")


def test_a_first_payment_that_never_arrives_grants_nothing(buyer):
    session = buyer.start_plan("pro")
    buyer.pay(session, outcome="delayed")
    buyer.stripe.finish_delayed(session.stripe_id, is_paid=False)
    buyer.hear()

    assert buyer.movements == []


def test_a_renewal_that_fails_is_graced_and_paid_and_then_brings_its_credits(buyer):
    subscription = buyer.subscribe("pro")
    buyer.stripe.fail_payments(buyer.customer_id, times=1)
    buyer.renew(subscription)
    assert (subscription.status, buyer.balance) == ("past_due", 70_000)

    buyer.stripe.client.v1.invoices.pay(Invoice.objects.get(status="open").stripe_id)
    buyer.hear()
    assert (buyer.balance, buyer.allowed.plan.slug) == (140_000, "pro")
    assert Subscription.objects.get().past_due_since is None


def test_a_plan_that_is_never_paid_ends_without_further_credits(buyer):
    subscription = buyer.subscribe("pro", outcome="renewals_fail")
    buyer.renew(subscription)
    buyer.stripe.advance(days=60)
    buyer.hear()

    assert buyer.movements == [("grant", 70_000)]
    assert Subscription.objects.get().status == "canceled"
    assert buyer.allowed.plan.slug == "free"


def test_a_plan_canceled_at_the_end_of_its_period_runs_until_then(buyer):
    subscription = buyer.subscribe("pro")
    cancel(buyer, subscription, at_period_end=True)
    assert subscription.cancel_at == subscription.current_period_end
    assert buyer.allowed.plan.slug == "pro"

    buyer.stripe.advance(days=32)
    buyer.hear()
    assert (buyer.allowed.plan.slug, buyer.movements) == ("free", [("grant", 70_000)])


def test_a_plan_that_is_resumed_goes_on(buyer):
    subscription = buyer.subscribe("pro")
    cancel(buyer, subscription, at_period_end=True)
    cancel(buyer, subscription, at_period_end=False)
    buyer.renew(subscription)

    assert (subscription.cancel_at, buyer.balance) == (None, 140_000)


def test_an_upgrade_brings_the_difference_and_a_downgrade_takes_it_back(buyer):
    subscription = buyer.subscribe("pro")
    buyer.change_plan(subscription, "starter")
    assert (subscription.plan, buyer.balance) == ("starter", 15_000)

    buyer.change_plan(subscription, "pro")
    assert (subscription.plan, buyer.balance) == ("pro", 70_000)
    assert buyer.movements == [("grant", 70_000), ("refund", -55_000), ("grant", 55_000)]


def test_a_change_in_the_middle_of_a_month_is_half_of_it(buyer):
    subscription = buyer.subscribe("pro")
    half = (subscription.current_period_end - subscription.current_period_start) / 2
    buyer.stripe.advance(seconds=half.total_seconds())
    buyer.change_plan(subscription, "starter")

    # Stripe rounds to cents, of which each is up to 15 credits.
    assert buyer.balance == pytest.approx(70_000 - 27_500, abs=30)


def test_changing_back_and_forth_never_gains_credits(buyer):
    subscription = buyer.subscribe("pro")
    for _round in range(3):
        buyer.stripe.advance(days=1)
        buyer.change_plan(subscription, "starter")
        buyer.change_plan(subscription, "pro")

    assert buyer.balance <= 70_000
    assert buyer.balance == pytest.approx(70_000, abs=3 * 4)


def test_credits_spent_before_a_downgrade_become_a_debt(buyer):
    subscription = buyer.subscribe("pro")
    buyer.spend(70_000)
    buyer.change_plan(subscription, "starter")
    assert (buyer.balance, buyer.debt) == (0, 55_000)

    buyer.change_plan(subscription, "pro")
    assert (buyer.balance, buyer.debt) == (0, 0)


def test_events_of_a_downgrade_in_reverse_take_back_the_same(buyer):
    subscription = buyer.subscribe("pro")
    price = stripe_client.find_price("plan_starter_month")["id"]
    items = [{"id": subscription.stripe_item_id, "price": price}]
    params = {"items": items, "proration_behavior": "always_invoice"}
    buyer.stripe.client.v1.subscriptions.update(subscription.stripe_id, params)
    for told in buyer.stripe.events()[::-1]:
        hear(told)

    assert buyer.balance == 15_000


def test_a_month_to_a_year_brings_the_difference(buyer):
    subscription = buyer.subscribe("pro")
    buyer.change_plan(subscription, "pro", interval="year")

    assert (buyer.balance, subscription.interval) == (12 * 70_000, "year")


def test_a_free_first_month_brings_its_credits(buyer):
    make_code(buyer.stripe, percent_off=100)
    buyer.subscribe("pro", code="GIFT")

    assert buyer.balance == 70_000
    assert Payment.objects.get().amount == 0


def test_a_new_price_changes_nothing_for_who_has_subscribed(buyer):
    subscription = buyer.subscribe("pro")
    catalogue = load_catalogue()
    plans = [
        plan.model_copy(update={"prices": {"month": 9_900}, "monthly_credits": 90_000}) if plan.slug == "pro" else plan
        for plan in catalogue.plans
    ]
    sync_plans(apply=True, catalogue=catalogue.model_copy(update={"plans": plans}))
    buyer.renew(subscription)

    assert buyer.movements == [("grant", 70_000)] * 2
    assert set(Payment.objects.values_list("amount", flat=True)) == {4_900}


def test_a_second_plan_beside_a_live_one_cannot_be_started(buyer):
    buyer.subscribe("pro")

    with pytest.raises(checkout.AlreadySubscribedError):
        buyer.start_plan("starter")


def test_two_tabs_with_two_plans_leave_one_session_open(buyer):
    first = buyer.start_plan("pro")
    second = buyer.start_plan("starter")

    states = {made.id: made.status for made in buyer.stripe.client.v1.checkout.sessions.list()}
    assert states == {first.stripe_id: "expired", second.stripe_id: "open"}


def test_the_same_plan_in_two_tabs_is_one_session(buyer):
    assert buyer.start_plan("pro").stripe_id == buyer.start_plan("pro").stripe_id


def test_a_tab_that_was_paid_meanwhile_counts(buyer):
    buyer.pay(buyer.start_plan("pro"))

    with pytest.raises(checkout.AlreadySubscribedError):
        buyer.start_plan("starter")


def test_a_second_subscription_is_canceled_and_its_money_and_credits_go_back(buyer):
    first = buyer.subscribe("pro")
    second = subscribe_again(buyer)
    buyer.hear()

    assert buyer.stripe.client.v1.subscriptions.retrieve(second).status == "canceled"
    assert Subscription.objects.get(status="active").stripe_id == first.stripe_id
    assert buyer.balance == 70_000
    assert Payment.objects.get(stripe_subscription_id=second).amount_refunded == 4_900


def test_two_subscriptions_that_are_heard_of_in_the_wrong_order_leave_the_older_one(buyer):
    session = buyer.pay(buyer.start_plan("pro"))
    first = session["subscription"]
    second = subscribe_again(buyer)
    for told in sorted(
        buyer.stripe.events("customer.subscription.*"), key=lambda told: told["data"]["object"]["id"] == first
    ):
        hear(told)
    buyer.hear()

    assert buyer.stripe.client.v1.subscriptions.retrieve(second).status == "canceled"
    assert [each.stripe_id for each in Subscription.objects.filter(status="active")] == [first]
    assert buyer.balance == 70_000


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/refunds"), ("DELETE", "/v1/subscriptions")])
def test_money_for_a_second_subscription_goes_back_although_stripe_was_down_in_between(buyer, method, path):
    buyer.subscribe("pro")
    second = subscribe_again(buyer)
    buyer.stripe.outage("error", calls=2, method=method, path=path)
    with pytest.raises(stripe_client.StripeUnavailableError):
        subscriptions.sync_subscription(second)

    subscriptions.sync_subscription(second)
    buyer.hear()

    assert buyer.balance == 70_000
    assert Payment.objects.get(stripe_subscription_id=second).amount_refunded == 4_900


def cancel(buyer, subscription, *, at_period_end):
    buyer.stripe.client.v1.subscriptions.update(subscription.stripe_id, {"cancel_at_period_end": at_period_end})
    buyer.hear()
    subscription.refresh_from_db()


def subscribe_again(buyer):
    """Subscribe beside the first subscription, as only the dashboard or a race could, and return Stripe's id."""
    price = stripe_client.find_price("plan_pro_month")["id"]
    card = buyer.stripe.client.v1.subscriptions.list({"customer": buyer.customer_id}).data[0].default_payment_method
    params = {"customer": buyer.customer_id, "items": [{"price": price}], "default_payment_method": card}
    buyer.stripe.advance(seconds=2)
    return buyer.stripe.client.v1.subscriptions.create(params).id
