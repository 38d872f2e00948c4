"""A real browser: Debian's Chromium, driven by Playwright. Skipped in one line where there is none."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.product import Product

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
REQUIRED = "chromium" in os.environ.get("KEEL_REQUIRE", "")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lives here as browser tests."""
    for item in items:
        if "tests/e2e/" in item.nodeid:
            item.add_marker(pytest.mark.e2e)


# What the browser and htmx say about an answer that refuses on purpose.
REFUSALS = ("Failed to load resource: the server responded with a status of 4", "Response Status Error Code 4")


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """One Chromium for all tests here; its driver's event loop must be gone before others use the database."""
    if CHROMIUM is None and not REQUIRED:
        pytest.skip("no Chromium: `apt install chromium` (Debian) or install Google Chrome")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


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
