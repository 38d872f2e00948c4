"""A real browser: Debian's Chromium, driven by Playwright. Skipped in one line where there is none."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

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


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for the whole run."""
    if CHROMIUM is None and not REQUIRED:
        pytest.skip("no Chromium: `apt install chromium` (Debian) or install Google Chrome")
    playwright = pytest.importorskip("playwright.sync_api") if not REQUIRED else __import__("playwright.sync_api")
    sync_api = getattr(playwright, "sync_api", playwright)
    with sync_api.sync_playwright() as driver:
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
    assert complaints == []


@pytest.fixture
def page(context: Any) -> Any:
    """A tab."""
    return context.new_page()
