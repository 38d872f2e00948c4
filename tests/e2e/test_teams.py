"""A team in a real browser: made, somebody invited, who joins, switches, meets their allowance, and is removed."""

import re
import secrets
import sys

import pytest
from playwright.sync_api import expect

from tests.e2e.test_journey import mailed_link

PASSWORD = "tide tables at noon"
BUY = """
from apps.accounts.models import Workspace
from apps.billing import ledger, seats
from apps.core.db import system_scope
from dev.sample_data import sales
from django.utils import timezone
with system_scope():
    team = Workspace.objects.get(name='Harbor')
    sales.subscribe(team, plan='pro', status='active', since=timezone.now())
    seats.write_seats(team.pk)
    ledger.grant(workspace_id=team.pk, amount_credits=1000, source='plan', idempotency_key='walk')
"""


@pytest.fixture
def people(browser, shared_product):
    """Two profiles, each with somebody who signed up: the owner and the guest, with their addresses."""
    opened = [browser.new_context(base_url=shared_product.base_url) for _ in range(2)]
    pages = [context.new_page() for context in opened]
    emails = [f"{secrets.token_hex(6)}@example.com" for _ in opened]
    for page, email in zip(pages, emails, strict=True):
        sign_up(page, email, product=shared_product)
    yield pages[0], pages[1], emails[1]
    for context in opened:
        context.close()


def sign_up(page, email: str, *, product) -> None:
    page.goto("/accounts/signup/")
    page.fill("input[name=email]", email)
    page.fill("input[name=password1]", PASSWORD)
    page.press("input[name=password1]", "Enter")
    page.wait_for_url("**/accounts/confirm-email/")
    page.goto(mailed_link(product, email))
    page.click("main [type=submit]")
    page.wait_for_url("**/generations/new/**")


def test_a_team_from_its_making_to_the_end_of_a_membership(people, shared_product):
    owner, guest, email = people
    make_team(owner)
    give_seats_and_credits(shared_product)

    owner.goto("/settings/members/")
    owner.fill("input[name=email]", email)
    owner.click("text=Send invitation")
    expect(owner.locator("main")).to_contain_text("Invited, not here yet")

    guest.goto(mailed_link(shared_product, email, part="invitations"))
    guest.click("text=Join the workspace")
    guest.wait_for_url("**/generations/new/**")
    expect(guest.locator(".shell-person").last).to_contain_text("Harbor")

    set_allowance(owner, 1)
    guest.goto("/generations/new/?example=1")
    expect(guest.locator("#paywall")).to_contain_text("Your allowance of this month does not suffice")

    switch_back(guest)
    expect(guest.locator("#paywall")).not_to_contain_text("allowance")

    remove(owner)
    guest.goto("/settings/workspaces/")
    expect(guest.locator("main")).not_to_contain_text("Harbor")


def make_team(page) -> None:
    page.goto("/settings/workspaces/")
    page.fill("#new-team input[name=name]", "Harbor")
    page.click("text=Make the team")
    page.wait_for_url("**/settings/members/")


def give_seats_and_credits(product) -> None:
    """Leave what a bought plan leaves."""
    product.run(f'{sys.executable} manage.py shell -c "{BUY}"')


def open_guest(page):
    page.goto("/settings/members/")
    line = page.locator(".member-list > li").nth(1)
    line.locator("summary").first.click()
    return line


def set_allowance(page, credits: int) -> None:
    line = open_guest(page)
    line.locator("input[name=credits]").fill(str(credits))
    line.get_by_text("Save allowance").click()
    expect(page.locator(".member-list")).to_contain_text(f"of {credits} credits this month")


def switch_back(page) -> None:
    page.goto("/settings/workspaces/")
    page.locator("main").get_by_role("button", name=re.compile("Switch")).click()
    page.wait_for_url("**/generations/new/**")


def remove(page) -> None:
    line = open_guest(page)
    line.locator(".confirm > summary").click()
    line.locator(".confirm [type=submit]").click()
    expect(page.locator(".member-list > li")).to_have_count(1)
