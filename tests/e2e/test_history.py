"""The history in a real browser: searching while typing, deleting with Undo, by keyboard and without JavaScript."""

import re
import secrets
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.product import wait_for

ROWS = ".history-row"


@pytest.fixture
def words(page, member):
    """Three texts of the demo customer: two with a word of this test alone, one with another."""
    mine, other = secrets.token_hex(4), secrets.token_hex(4)
    made = [generate(page, title) for title in (f"first {mine}", f"second {mine}", f"third {other}")]
    wait_for(lambda: all(status(page, one) == "succeeded" for one in made), seconds=30)
    return mine, other


def generate(page, title):
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"].endswith("csrftoken"))
    inputs = {"product": title, "details": "It comes twice a day, and goes.", "tone": "Friendly"}
    answer = page.request.post(
        "/api/v1/generations/",
        data={"template": "product-announcement", "model": "keel-echo", "inputs": inputs},
        headers={"Idempotency-Key": secrets.token_hex(8), "X-CSRFToken": token},
    )
    assert answer.status == 201, answer.text()
    return answer.json()["id"]


def status(page, generation_id):
    return page.request.get(f"/api/v1/generations/{generation_id}/").json()["status"]


def shows(page, *titles):
    expect(page.locator(".history-title")).to_have_text(list(titles))


def query(page):
    return {name: value for name, (value,) in parse_qs(urlsplit(page.url).query).items()}


def test_typing_finds_and_the_address_finds_again(page, words):
    mine, _other = words
    page.goto("/generations/")

    page.keyboard.press("/")
    page.keyboard.type(f"{mine} sec")
    shows(page, f"second {mine}")

    wait_for(lambda: query(page) == {"q": f"{mine} sec"}, seconds=5)
    assert page.locator("mark").first.inner_text() == "second"
    page.keyboard.press("/")
    assert page.input_value("#history-search") == f"{mine} sec/"
    page.reload()
    shows(page, f"second {mine}")


def test_a_filter_is_a_step_back_and_can_be_taken_away(page, words):
    mine, _other = words
    page.goto(f"/generations/?q={mine}")

    page.click("text=Filters")
    page.select_option("select[name=status]", "failed")
    page.wait_for_selector("text=Nothing matches")
    assert query(page) == {"q": mine, "status": "failed"}
    page.click('[aria-label="Remove the filter Status: Failed"]')
    shows(page, f"second {mine}", f"first {mine}")
    page.go_back()
    page.wait_for_selector("text=Nothing matches")
    # Going back loads the page anew; its scripts must be there before the next step.
    page.wait_for_load_state()
    page.go_back()
    shows(page, f"second {mine}", f"first {mine}")


def test_a_deleted_row_leaves_at_once_and_undo_brings_it_back(page, words):
    mine, _other = words
    page.goto(f"/generations/?q={mine}")

    page.click(f'[aria-label="Delete “second {mine}”"]')
    shows(page, f"first {mine}")
    assert page.evaluate("document.activeElement.id") == "generation-list"
    page.click("#toasts >> text=Undo")

    shows(page, f"second {mine}", f"first {mine}")
    page.wait_for_selector("#toasts >> text=Restored.")
    assert page.locator("#toasts >> text=Undo").count() == 0
    assert query(page) == {"q": mine}


def test_several_are_deleted_by_keyboard_and_found_among_the_deleted(page, words):
    mine, _other = words
    page.goto(f"/generations/?q={mine}")
    assert page.is_disabled("text=Delete selected")

    page.focus("[data-select-all]")
    page.keyboard.press("Space")
    page.focus("text=Delete selected")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Nothing matches")

    page.goto(f"/generations/?view=deleted&q={mine}")
    shows(page, f"second {mine}", f"first {mine}")
    page.check("[data-select-all]")
    page.click("text=Restore selected")
    page.wait_for_selector("text=Nothing matches")
    page.goto(f"/generations/?q={mine}")
    shows(page, f"second {mine}", f"first {mine}")


@pytest.fixture
def plain(browser, page, words, shared_product):
    """A tab of the same person without JavaScript."""
    opened = browser.new_context(
        base_url=shared_product.base_url, java_script_enabled=False, storage_state=page.context.storage_state()
    )
    yield opened.new_page()
    opened.close()


def test_all_of_it_works_without_javascript(plain, words):
    page, (mine, _other) = plain, words
    page.goto("/generations/")

    page.fill("#history-search", mine)
    page.press("#history-search", "Enter")
    page.click(f'[aria-label="Delete “first {mine}”"]')
    shows(page, f"second {mine}")
    page.click("text=Undo")

    shows(page, f"second {mine}", f"first {mine}")
    page.check(f"{ROWS}:first-child input[type=checkbox]")
    page.click("text=Delete selected")
    shows(page, f"first {mine}")
    assert re.search(r"undo=", page.url)


def test_without_javascript_a_text_is_deleted_on_its_page(plain, words):
    mine, _other = words
    plain.goto(f"/generations/?q={mine}")
    plain.click(f".history-title >> text=first {mine}")
    address = plain.url

    plain.click("#generation-foot >> text=Delete")

    assert plain.request.get(address).status == 404
    plain.click("main >> text=Undo")
    assert plain.request.get(address).status == 200
