"""plans.yaml is checked before the process starts; what it says is what is sold."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from apps.billing.catalogue import CATALOGUE_PATH, InvalidPlansError, UnknownOfferError, load_catalogue, parse_catalogue

WHOLE = yaml.safe_load(CATALOGUE_PATH.read_text())


def with_plan(**changes) -> str:
    changed = {**WHOLE, "plans": [WHOLE["plans"][0], {**WHOLE["plans"][1], **changes}]}
    return yaml.safe_dump(changed)


def test_what_is_checked_in_can_be_sold():
    catalogue = load_catalogue()

    assert catalogue.get_free_plan().monthly_allowance_credits > 0
    assert all(plan.monthly_credits for plan in catalogue.list_sold_plans())


def test_a_year_brings_the_credits_of_twelve_months():
    plan = load_catalogue().get_sold_plan("starter", interval="year")

    assert plan.credits_per("year") == 12 * plan.monthly_credits == 12 * plan.credits_per("month")


BROKEN = {
    "no YAML": "plans: [",
    "not a document": "[]",
    "empty": "",
    "no free plan": yaml.safe_dump({**WHOLE, "plans": WHOLE["plans"][1:]}),
    "the same plan twice": yaml.safe_dump({**WHOLE, "plans": WHOLE["plans"] * 2}),
    "the same pack twice": yaml.safe_dump({**WHOLE, "packs": WHOLE["packs"] * 2}),
    "a field that is not known": with_plan(montly_credits=1),
    "a price with decimals": with_plan(prices={"month": 12.5}),
    "a price as text": with_plan(prices={"month": "1200"}),
    "a price of zero": with_plan(prices={"month": 0}),
    "an unknown interval": with_plan(prices={"week": 100}),
    "a price without credits": with_plan(monthly_credits=0),
    "a name that Stripe would not take": with_plan(slug="Pro Plan"),
    "overage without its price": with_plan(features=["overage"]),
    "an unknown feature": with_plan(features=["teleport"]),
    "a limit of zero": with_plan(limits={"seats": 0}),
    "true as a number": with_plan(limits={"seats": True}),
    "a currency in capitals": yaml.safe_dump({**WHOLE, "currency": "USD"}),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_catalogue_is_refused_with_its_place(text):
    with pytest.raises(InvalidPlansError, match=r"plans\.yaml"):
        parse_catalogue(text)


@pytest.mark.parametrize(("plan", "interval"), [("gone", "month"), ("pro", "week"), ("free", "month")])
def test_what_is_not_for_sale_cannot_be_had(plan, interval):
    with pytest.raises(UnknownOfferError):
        load_catalogue().get_sold_plan(plan, interval=interval)


def test_an_unknown_pack_cannot_be_had():
    with pytest.raises(UnknownOfferError):
        load_catalogue().get_pack("gone")


@pytest.mark.parametrize(("days", "expected"), [(None, None), (0, 0), (30, 30)])
def test_credits_of_a_plan_last_as_the_rules_say(days, expected):
    rules = {**WHOLE["rules"], "plan_credits_rollover_days": days}
    catalogue = parse_catalogue(yaml.safe_dump({**WHOLE, "rules": rules}))
    end = datetime(2027, 1, 31, tzinfo=UTC)

    expires_at = catalogue.rules.plan_credits_expire_at(period_end=end)

    assert expires_at == (None if expected is None else end + timedelta(days=expected))


def test_models_are_named_by_patterns():
    plan = parse_catalogue(with_plan(limits={"models": ["gpt-4o-mini", "keel-*"]})).get_sold_plan(
        "starter", interval="month"
    )

    assert [plan.limits.allows_model(name) for name in ("gpt-4o-mini", "keel-demo", "gpt-4o")] == [True, True, False]
