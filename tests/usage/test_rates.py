"""The catalogue of rates: the right rate for a model on a day, and no start with a broken one."""

from datetime import date

import pytest

from apps.usage import rates

DAY = date(2026, 6, 1)
NUMBERS = "{input: 10, cached_input: 5, output: 50}"


def _entry(day: object = "2026-01-01", credits: str = NUMBERS, cost: str = NUMBERS) -> str:
    return f"{{effective_from: {day}, credits_per_million: {credits}, cost_usd_micros_per_million: {cost}}}"


def _catalogue(*models: tuple[str, list[str]]) -> str:
    return "models:\n" + "\n".join(f"- {{model: '{name}', rates: [{', '.join(rows)}]}}" for name, rows in models)


def test_every_checked_in_model_has_a_rate_that_covers_its_cost() -> None:
    for model in ("keel-demo", "keel-echo", "gpt-4o-mini", "gpt-4o", "gpt-4.1-mini"):
        rate = rates.find_rate(model=model, on=DAY)

        # One credit is 1,000 USD micros.
        assert rate.input_credits * 1000 > rate.input_cost_usd_micros
        assert rate.cached_input_credits * 1000 > rate.cached_input_cost_usd_micros
        assert rate.output_credits * 1000 > rate.output_cost_usd_micros


def test_local_models_cost_nothing() -> None:
    rate = rates.find_rate(model="keel-demo", on=DAY)

    assert (rate.input_cost_usd_micros, rate.cached_input_cost_usd_micros, rate.output_cost_usd_micros) == (0, 0, 0)


@pytest.mark.parametrize("model", ["unknown", "gpt-4o-mini-2", "xkeel-demo", "KEEL-demo", "gpt-4", ""])
def test_a_model_without_a_rate_is_refused(model: str) -> None:
    with pytest.raises(rates.UnratedModelError) as refusal:
        rates.find_rate(model=model, on=DAY)

    assert (refusal.value.code, refusal.value.status) == ("model_without_rate", 422)


def test_a_rate_is_in_effect_from_its_day_until_the_next_ones() -> None:
    catalogue = rates.parse_catalogue(_catalogue(("m", [_entry("2026-01-01"), _entry("2026-03-01")])))

    starts = [
        catalogue.find(model="m", on=day).effective_from.month for day in _days("01-01", "02-28", "03-01", "12-31")
    ]

    assert starts == [1, 1, 3, 3]


def test_a_model_has_no_rate_before_its_first_day() -> None:
    catalogue = rates.parse_catalogue(_catalogue(("m", [_entry("2026-01-02")])))

    with pytest.raises(rates.UnratedModelError):
        catalogue.find(model="m", on=date(2026, 1, 1))


@pytest.mark.parametrize(("model", "found"), [("m-1-a", "m-1-a"), ("m-1-b", "m-1-*"), ("m-2", "m-*"), ("n", "*")])
@pytest.mark.parametrize("order", [1, -1])
def test_the_most_specific_entry_decides_in_whatever_order_they_stand(model: str, found: str, order: int) -> None:
    names = ["*", "m-1-*", "m-1-a", "m-*"][::order]
    catalogue = rates.parse_catalogue(_catalogue(*((name, [_entry()]) for name in names)))

    assert catalogue.find(model=model, on=DAY).model == found


def test_a_pattern_decides_until_the_more_specific_entry_begins() -> None:
    catalogue = rates.parse_catalogue(_catalogue(("m-*", [_entry("2025-01-01")]), ("m-1", [_entry("2026-07-01")])))

    found = [catalogue.find(model="m-1", on=day).model for day in (DAY, date(2026, 7, 1))]

    assert found == ["m-*", "m-1"]


@pytest.mark.parametrize(
    "broken",
    [
        [_entry("2026-01-01"), _entry("2026-01-01")],
        [_entry("2026-02-01"), _entry("2026-01-01")],
        [_entry("someday")],
        [_entry("2026-01-01 10:00:00")],
        [_entry(credits="{input: 10, output: 50}")],
        [_entry(credits="{input: 10, cached_input: 5, output: 50, image: 3}")],
        [_entry(credits="{input: 1.5, cached_input: 1, output: 50}")],
        [_entry(credits="{input: 10, cached_input: 5, output: -1}")],
        [_entry(credits="{input: 10, cached_input: 11, output: 50}")],
        [_entry(cost="{input: true, cached_input: 0, output: 50}")],
        [_entry(cost="{input: 10, cached_input: 5, output: 1000000001}")],
        [_entry(cost="free")],
        [],
    ],
)
def test_a_broken_rate_is_refused_with_the_name_of_its_model(broken: list[str]) -> None:
    with pytest.raises(rates.InvalidCatalogueError, match="the-broken-one"):
        rates.parse_catalogue(_catalogue(("good", [_entry()]), ("the-broken-one", broken)))


def test_a_model_that_is_listed_twice_is_refused() -> None:
    with pytest.raises(rates.InvalidCatalogueError, match="m is listed twice"):
        rates.parse_catalogue(_catalogue(("m", [_entry("2025-01-01")]), ("m", [_entry("2026-01-01")])))


@pytest.mark.parametrize(
    "text",
    ["", "models:", "models: []", "[]", "{", "models: [3]", "models: [{rates: []}]", "other: 1", "a: 2026-13-45"],
)
def test_a_catalogue_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(rates.InvalidCatalogueError):
        rates.parse_catalogue(text)


def _days(*month_and_day: str) -> list[date]:
    return [date.fromisoformat(f"2026-{text}") for text in month_and_day]
