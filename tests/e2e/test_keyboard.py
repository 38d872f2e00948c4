"""From the landing page to a finished text without a mouse, and always seeing where one is."""

import re
import secrets

import pytest

from tests.e2e.cast import DESKTOP, settle
from tests.e2e.looking import ask
from tests.e2e.test_journey import mailed_link

PASSWORD = "a-long-enough-password"
TABS_MAX = 60


class Keyboard:
    """A person who types, presses Tab, Enter and the arrows, and nothing else."""

    def __init__(self, tab):
        self.tab, self.unseen = tab, set()

    def go_to(self, selector):
        """Press Tab until an element has the focus; note every stop that cannot be seen."""
        for _press in range(TABS_MAX):
            if self.tab.evaluate("wanted => document.activeElement?.matches(wanted) ?? false", selector):
                return
            self.tab.keyboard.press("Tab")
            settle(self.tab)
            stop = ask(self.tab, "focused")
            if stop and not stop["visible"]:
                self.unseen.add(stop["description"])
        raise AssertionError(f"no Tab leads to {selector}; the keyboard is at {ask(self.tab, 'focused')}")

    def fill(self, selector, text):
        self.go_to(selector)
        self.tab.keyboard.type(text)

    def press(self, selector):
        self.go_to(selector)
        self.tab.keyboard.press("Enter")


@pytest.fixture
def keyboard(cast):
    profile = cast.profile("", size=DESKTOP)
    yield Keyboard(profile.new_page())
    profile.close()


def test_a_person_signs_up_and_generates_with_the_keyboard_alone(keyboard, shared_product):
    email, tab = f"{secrets.token_hex(6)}@example.com", keyboard.tab
    tab.goto("/")
    keyboard.press("a[href^='/accounts/signup/']")
    tab.wait_for_url("**/accounts/signup/**")
    keyboard.fill("input[name=email]", email)
    keyboard.fill("input[name=password1]", PASSWORD)
    keyboard.press("main [type=submit]")
    tab.wait_for_url("**/confirm-email/")
    tab.goto(mailed_link(shared_product, email))
    keyboard.press("main form [type=submit]")
    tab.wait_for_url("**/generations/new/**")
    fill_composer(keyboard)
    keyboard.press("#composer-form [type=submit]")
    tab.wait_for_url(re.compile(r"/generations/[0-9a-f-]{36}/"))
    tab.wait_for_selector("[data-status=succeeded]", timeout=60_000)

    assert keyboard.unseen == set()


def fill_composer(keyboard):
    fields = keyboard.tab.locator("#composer-form :is(input[type=text], textarea)")
    for name in fields.evaluate_all("fields => fields.map(field => field.name)"):
        keyboard.go_to(f"#composer-form [name={name}]")
        keyboard.tab.keyboard.press("Control+A")
        keyboard.tab.keyboard.type("The new tide tables cover forty more harbours.")


def test_the_first_tab_leads_past_the_navigation(keyboard):
    keyboard.tab.goto("/pricing/")

    keyboard.tab.keyboard.press("Tab")
    keyboard.tab.keyboard.press("Enter")
    keyboard.tab.keyboard.press("Tab")

    assert keyboard.tab.evaluate("document.activeElement.closest('main') !== null")
