"""`sync_plans` makes Stripe what plans.yaml says, tells what differs, and takes nothing from those who have bought."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.billing import catalogue as catalogues
from apps.billing import stripe_client
from apps.billing.catalogue import CATALOGUE_PATH, load_catalogue, parse_catalogue
from apps.billing.sync_plans import CurrencyChangedError, find_meter, find_portal_configuration, sync_plans
from apps.billing.sync_plans.wanted import UnsellableOverageError, list_prices, list_products

pytestmark = pytest.mark.django_db
TEXT = CATALOGUE_PATH.read_text()


def run(*arguments: str) -> str:
    output = StringIO()
    call_command("sync_plans", *arguments, stdout=output)
    return output.getvalue()


def prices(stripe) -> dict[str, dict]:
    listed = stripe.client.v1.prices.list({"limit": 100, "active": True}).auto_paging_iter()
    return {price.lookup_key: price.to_dict() for price in listed}


def with_changes(monkeypatch, *changes: tuple[str, str]):
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    changed = parse_catalogue(text)
    monkeypatch.setattr("apps.billing.sync_plans.load_catalogue", lambda: changed)


def test_a_dry_run_says_what_it_would_do_changes_nothing_and_fails(stripe):
    output = StringIO()

    with pytest.raises(CommandError, match="differences: 1"):
        call_command("sync_plans", stdout=output)

    assert "create   price    plan_pro_month           4900 usd a month for 70000 credits" in output.getvalue()
    assert "create   portal" in output.getvalue()
    assert {call["method"] for call in stripe.calls()} == {"GET"}


def test_everything_for_sale_is_made_and_then_stripe_matches(stripe):
    printed = run("--apply")

    assert printed.splitlines()[-1] == "Stripe matches plans.yaml."
    assert prices(stripe).keys() == {price.lookup_key for price in list_prices(load_catalogue())}
    assert run() == "Stripe matches plans.yaml.\n"
    assert run("--quiet") == ""


def test_prices_say_what_they_were_sold_with(synced):
    sold = prices(synced)

    assert sold["plan_pro_year"]["metadata"] == {"plan": "pro", "credits": "840000"}
    assert (sold["plan_pro_year"]["unit_amount"], sold["plan_pro_year"]["recurring"]["interval"]) == (49000, "year")
    assert sold["pack_small"]["metadata"] == {"pack": "small", "credits": "5000"}
    assert sold["overage_pro"]["unit_amount_decimal"] == Decimal("0.12")
    assert sold["overage_pro"]["recurring"]["meter"] == find_meter()["id"]
    assert sold["overage_pro"]["product"] == "overage_pro"


def test_a_second_run_writes_nothing(synced):
    before = len(synced.calls(method="POST"))

    assert sync_plans(apply=True) == []

    assert len(synced.calls(method="POST")) == before


def test_a_changed_price_replaces_the_old_one_and_leaves_it_to_who_has_it(synced, monkeypatch):
    old = prices(synced)["plan_pro_month"]
    stripe_client.find_price("plan_pro_month")
    with_changes(monkeypatch, ("month: 4900", "month: 5900"))

    changes = [str(change) for change in sync_plans(apply=True)]

    new = prices(synced)["plan_pro_month"]
    assert (new["unit_amount"], new["id"] != old["id"]) == (5900, True)
    assert synced.client.v1.prices.retrieve(old["id"]).active is False
    assert [change.split()[:3] for change in changes] == [
        ["replace", "price", "plan_pro_month"],
        ["change", "portal", "configuration"],
        ["archive", "price", "plan_pro_month"],
    ]
    assert stripe_client.find_price("plan_pro_month")["id"] == new["id"]
    assert sync_plans(apply=False) == []


def test_other_credits_for_the_same_money_are_another_price(synced, monkeypatch):
    old = prices(synced)["pack_small"]
    with_changes(monkeypatch, ("credits: 5000}", "credits: 6000}"))

    sync_plans(apply=True)

    assert prices(synced)["pack_small"]["metadata"]["credits"] == "6000"
    assert synced.client.v1.prices.retrieve(old["id"]).metadata["credits"] == "5000"


def test_another_name_changes_the_product_alone(synced, monkeypatch):
    with_changes(monkeypatch, ("name: Small pack", "name: Tiny pack"))

    changes = sync_plans(apply=True)

    assert [(change.verb, change.kind, change.name) for change in changes] == [("change", "product", "pack_small")]
    assert synced.client.v1.products.retrieve("pack_small").name == "Tiny pack"


def test_what_is_not_for_sale_any_more_is_archived_and_can_come_back(synced, monkeypatch):
    line = "  - {slug: large, name: Large pack, price: 5000, credits: 55000}"
    old = prices(synced)["pack_large"]["id"]
    with monkeypatch.context() as patch:
        with_changes(patch, (line, ""))
        archived = sync_plans(apply=True)
        gone = "pack_large" not in prices(synced)

    back = sync_plans(apply=True)

    assert gone
    assert [(each.verb, each.kind) for each in archived] == [("archive", "price"), ("archive", "product")]
    assert [(each.verb, each.kind) for each in back] == [("change", "product"), ("change", "price")]
    assert prices(synced)["pack_large"]["id"] == old


def test_a_price_that_was_archived_by_hand_is_sold_again(synced):
    price = prices(synced)["plan_starter_month"]
    synced.client.v1.prices.update(price["id"], {"active": False})

    sync_plans(apply=True)

    assert prices(synced)["plan_starter_month"]["id"] == price["id"]


def test_products_of_others_are_left_alone(stripe):
    product = stripe.client.v1.products.create({"id": "plan_of_another_shop", "name": "Theirs"})
    price = stripe.client.v1.prices.create({"product": product.id, "currency": "eur", "unit_amount": 5})

    sync_plans(apply=True)

    assert stripe.client.v1.products.retrieve(product.id).active
    assert stripe.client.v1.prices.retrieve(price.id).active


def test_another_currency_is_refused_before_anything_changes(synced, monkeypatch):
    with_changes(monkeypatch, ("currency: usd", "currency: eur"))
    before = len(synced.calls(method="POST"))

    with pytest.raises(CurrencyChangedError, match="sells in eur, but Stripe has prices in usd"):
        sync_plans(apply=True)

    assert len(synced.calls(method="POST")) == before


def test_a_currency_without_cents_is_sent_as_it_is_written(stripe, monkeypatch):
    with_changes(monkeypatch, ("currency: usd", "currency: jpy"))

    sync_plans(apply=True)

    assert (prices(stripe)["pack_small"]["currency"], prices(stripe)["pack_small"]["unit_amount"]) == ("jpy", 500)


def test_a_live_key_needs_a_word_more(stripe, settings):
    settings.STRIPE_SECRET_KEY = "sk_live_1"

    with pytest.raises(CommandError, match="live key"):
        run("--apply")

    assert stripe.calls() == []


def test_without_a_key_there_is_nothing_to_compare_with(settings):
    settings.STRIPE_SECRET_KEY = ""

    with pytest.raises(CommandError, match="STRIPE_SECRET_KEY is not set"):
        run()


def test_a_run_that_was_cut_off_is_finished_by_the_next(stripe):
    stripe.outage("error", calls=100, method="POST", path="/v1/prices")
    with pytest.raises(CommandError):
        run("--apply")
    stripe.end_outages()

    run("--apply")

    assert sync_plans(apply=False) == []
    assert len(prices(stripe)) == len(list(list_prices(load_catalogue())))


def test_an_overage_whose_credit_has_no_price_is_refused(stripe, monkeypatch):
    with_changes(monkeypatch, ("overage: {credits: 1000", "overage: {credits: 7"))

    with pytest.raises(UnsellableOverageError, match=r"pro.overage: 120 / 7 has no end"):
        sync_plans(apply=True)


def test_the_portal_lets_customers_change_between_the_sold_plans_and_pay_the_difference(synced):
    found = synced.client.v1.billing_portal.configurations.retrieve(find_portal_configuration()).to_dict()

    update = found["features"]["subscription_update"]
    assert {product["product"] for product in update["products"]} == {"plan_starter", "plan_pro"}
    assert update["proration_behavior"] == "always_invoice"
    assert found["features"]["subscription_cancel"]["mode"] == "at_period_end"
    assert found["metadata"] == {"keel": "portal"}


def test_a_portal_that_was_changed_by_hand_is_set_right(synced):
    configuration = find_portal_configuration()
    synced.client.v1.billing_portal.configurations.update(
        configuration, {"features": {"subscription_cancel": {"enabled": True, "mode": "immediately"}}}
    )

    changes = sync_plans(apply=True)

    assert [(change.verb, change.kind) for change in changes] == [("change", "portal")]
    assert find_portal_configuration() == configuration


def test_every_sold_plan_and_pack_has_a_product():
    ids = {product.id for product in list_products(load_catalogue())}

    assert ids == {"plan_starter", "plan_pro", "overage_pro", "pack_small", "pack_medium", "pack_large"}
    assert catalogues.FREE not in {name.removeprefix("plan_") for name in ids}
