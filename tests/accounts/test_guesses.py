"""Guesses from invented addresses: no more are let through than the limit, and what is refused costs no hash."""

import ipaddress
import random
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from apps.accounts import api_login
from tests.accounts.conftest import PASSWORD, deliver_mails, link_in, new_visitor
from tests.accounts.factors import is_in, log_in, new_app

pytestmark = pytest.mark.django_db
# At the log-in; the other doors get some more than they let through, and in the long run all get many.
GUESSES, MORE = 300, 20
AT_LENGTH = pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(1800)])
NEW_PASSWORD = "a-battery-staple-horse"


class Door(NamedTuple):
    """Where is guessed, by whom, what; how many reach the page (RATE_LIMITS), and how many of these are hashed."""

    path: str
    form: Callable[[Any, int], dict[str, str]]
    enter: Callable[[Any], Client]
    reach: int
    hashed: int = 0
    headers: Callable[[], dict[str, str]] = dict


def anonymous(owner) -> Client:
    return new_visitor()


def logged_in(owner) -> Client:
    browser = new_visitor()
    browser.force_login(owner)
    return browser


def at_the_second_step(owner) -> Client:
    new_app(owner)
    browser = new_visitor()
    log_in(browser, owner.email)
    return browser


def with_a_code(owner) -> Client:
    browser = new_visitor()
    browser.post("/accounts/login/code/", {"email": owner.email})
    return browser


def some_key() -> dict[str, str]:
    return {"Authorization": f"Bearer keel_{secrets.token_hex(6)}_{secrets.token_hex(24)}"}


DOORS = {
    # Of these five per account and ten per address are hashed: the others are refused before.
    "login": Door("/accounts/login/", lambda o, n: {"login": o.email, "password": f"guess-{n}"}, anonymous, 30, 5),
    "spray": Door("/accounts/login/", lambda o, n: {"login": f"{n}-{o.email}", "password": "x"}, anonymous, 30, 10),
    "admin": Door("/admin/login/", lambda o, n: {"username": o.email, "password": f"guess-{n}"}, anonymous, 10),
    "reset": Door("/accounts/password/reset/", lambda o, n: {"email": o.email}, anonymous, 20),
    "code": Door("/accounts/login/code/confirm/", lambda o, n: {"code": f"BCDF-{n:04}"}, with_a_code, 20),
    "again": Door("/accounts/reauthenticate/", lambda o, n: {"password": f"guess-{n}"}, logged_in, 10, 5),
    "factor": Door("/accounts/two-factor/authentication/", lambda o, n: {"code": "000000"}, at_the_second_step, 20),
    "api": Door("/api/v1/balance/", lambda o, n: {}, anonymous, 60, headers=some_key),
}


@pytest.fixture(autouse=True)
def _one_moment():
    """Every window of a limit is the same one for as long as a test takes."""
    api_login._trusted.clear()
    with time_machine.travel(timezone.now(), tick=False):
        yield


def any_address() -> str:
    return str(ipaddress.IPv4Address(random.randint(2**24, 2**32 - 2**28)))


def guess(door: Door, owner, *, times: int, behind: str = "") -> list[int]:
    """Try a door, each time as if from another address; return the statuses."""
    browser = door.enter(owner)
    statuses = []
    for number in range(times):
        forwarded = ", ".join(filter(None, [any_address(), behind]))
        headers = {"X-Forwarded-For": forwarded, "Accept": "application/json"} | door.headers()
        statuses.append(browser.post(door.path, door.form(owner, number), headers=headers).status_code)
    return statuses


@pytest.mark.parametrize("times", [0, AT_LENGTH])
@pytest.mark.parametrize("name", DOORS)
def test_no_more_guesses_than_the_limit_are_let_through(name, times, owner, settings, hashes):
    settings.TRUSTED_PROXY_COUNT = 1
    door = DOORS[name]
    times = times or (GUESSES if name == "login" else door.reach + MORE)
    hashes.clear()
    started = time.perf_counter()

    statuses = guess(door, owner, times=times, behind=any_address())

    # Redis forgets by its own clock: a long run meets several windows.
    windows = 1 + int((time.perf_counter() - started) // 60)
    before = 1 if name == "factor" else 0  # the password of the first step
    assert times - statuses.count(429) <= door.reach * windows
    assert len(hashes) <= door.hashed * windows + before
    assert {status // 100 for status in statuses} <= {2, 3, 4}


def test_without_a_proxy_what_a_caller_says_of_its_address_counts_nothing(owner, settings, hashes):
    settings.TRUSTED_PROXY_COUNT = 0
    hashes.clear()

    statuses = guess(DOORS["login"], owner, times=60)

    assert (60 - statuses.count(429), len(hashes)) == (30, 5)


def test_from_as_many_addresses_as_guesses_an_account_is_guessed_five_times(owner, hashes):
    hashes.clear()

    for number in range(40):
        new_visitor().post("/accounts/login/", {"login": owner.email, "password": f"guess-{number}"})

    assert len(hashes) == 5


def test_a_code_is_guessed_three_times(owner):
    browser = with_a_code(owner)
    code = re.search(r"^Code: (\S+)$", deliver_mails()[-1].body, re.MULTILINE)[1]
    for _guess in range(3):
        browser.post("/accounts/login/code/confirm/", {"code": "BCDF-BCDF"})

    browser.post("/accounts/login/code/confirm/", {"code": code})

    assert not is_in(browser)


def test_the_victim_still_gets_in_by_reset(owner, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    thief = any_address()
    for name in ("login", "reset", "spray"):
        guess(DOORS[name], owner, times=30, behind=thief)
    victim, home = new_visitor(), {"X-Forwarded-For": any_address()}
    victim.post("/accounts/login/", {"login": owner.email, "password": PASSWORD}, headers=home)
    assert not is_in(victim)

    # Some of these mails the thief has caused: their links are good all the same, and reach the victim alone.
    link = next(link_in(mail) for mail in reversed(deliver_mails()) if mail.to == [owner.email])
    form = victim.get(link, headers=home)["Location"]
    victim.post(form, {"password1": NEW_PASSWORD}, headers=home)
    victim.post("/accounts/login/", {"login": owner.email, "password": NEW_PASSWORD}, headers=home)

    assert is_in(victim)


def test_whose_account_is_guessed_logs_in_by_a_code_meanwhile(owner):
    guess(DOORS["login"], owner, times=40)
    browser = with_a_code(owner)

    code = re.search(r"^Code: (\S+)$", deliver_mails()[-1].body, re.MULTILINE)[1]
    browser.post("/accounts/login/code/confirm/", {"code": code})

    assert is_in(browser)
