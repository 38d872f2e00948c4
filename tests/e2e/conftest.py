"""A real browser: Debian's Chromium, driven by Playwright. Skipped in one line where there is none."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.e2e.cast import Cast
from tests.e2e.catalogue import PAGES, Page, in_turn
from tests.e2e.chromium import CHROMIUM, FLAGS, REQUIRED
from tests.e2e.looking import Scales
from tests.product import EMAIL, Product


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lives here as browser tests; visits come last, since the last page stays open, busy with itself."""
    places = [place for place, item in enumerate(items) if "tests/e2e/" in item.nodeid]
    in_order = sorted((items[place] for place in places), key=lambda item: "visit" in getattr(item, "fixturenames", ()))
    for place, item in zip(places, in_order, strict=True):
        item.add_marker(pytest.mark.e2e)
        items[place] = item


# What the browser and htmx say about an answer that refuses on purpose.
REFUSALS = (
    "Failed to load resource: the server responded with a status of 4",
    "Failed to load resource: the server responded with a status of 5",
    "Response Status Error Code 4",
)


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """One Chromium for all tests here; its driver's event loop must be gone before others use the database."""
    if CHROMIUM is None and not REQUIRED:
        pytest.skip("no Chromium: `apt install chromium` (Debian) or install Google Chrome")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def cast(browser: Any, shared_product: Product) -> Cast:
    """The people of the sample data."""
    return Cast(browser=browser, product=shared_product)


@dataclass
class Visit:
    """A page of the catalogue, open in a tab: what the browser complained about, what its first view cost in bytes."""

    page: Page
    tab: Any
    status: int
    complaints: list[str]
    weights: dict[str, int]


@pytest.fixture(scope="package", params=in_turn(PAGES))
def visit(request: pytest.FixtureRequest, cast: Cast) -> Iterator[Visit]:
    """Each page of the catalogue in turn, opened once, as a first visit, for all tests that look at it."""
    profile = cast.profile(request.param.who)
    tab, complaints = profile.new_page(), []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    scales = Scales(tab)
    answer = cast.open(request.param, tab)
    complaints = [said for said in complaints if not said.startswith(REFUSALS)]
    # Once it has been acted upon, a page is no first view any more.
    weights = {} if request.param.act else scales.weigh(answer)
    yield Visit(request.param, tab, answer.status, complaints, weights)
    profile.close()


@pytest.fixture
def context(browser: Any, shared_product: Product) -> Iterator[Any]:
    """A fresh browser profile; a console error or a CSP violation in any of its pages fails the test."""
    opened = browser.new_context(base_url=shared_product.base_url)
    opened.grant_permissions(["clipboard-read", "clipboard-write"])
    complaints: list[str] = []
    opened.on("weberror", lambda error: complaints.append(str(error.error)))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield opened
    opened.close()
    assert [complaint for complaint in complaints if not complaint.startswith(REFUSALS)] == []


@pytest.fixture
def page(context: Any) -> Any:
    """A tab."""
    return context.new_page()


@pytest.fixture
def member(page: Any, cast: Cast) -> Any:
    """A tab of the demo customer, logged in."""
    page.context.add_cookies(cast.state(EMAIL)["cookies"])
    return page
