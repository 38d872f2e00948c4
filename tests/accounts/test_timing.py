"""How long an answer takes tells nobody who has an account: n = 1,000 of each, compared by their ranks."""

import gc
import math
import random
import time
from statistics import median

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from tests.accounts.conftest import PASSWORD, new_email, new_user, new_visitor

pytestmark = [pytest.mark.django_db, pytest.mark.long, pytest.mark.timeout(1800)]
TIMES = 1_000
EVEN_SECONDS = 0.3
# Two samples of one kind differ by more once in a thousand runs.
Z_MAX = 3.29
FORMS = {
    "/accounts/login/": lambda email: {"login": email, "password": "not the password"},
    "/accounts/signup/": lambda email: {"email": email, "password1": PASSWORD},
    "/accounts/password/reset/": lambda email: {"email": email},
    "/accounts/login/code/": lambda email: {"email": email},
}


class FewIterations(PBKDF2PasswordHasher):
    """The real hasher, quicker: what differs beside it would drown in a slow one."""

    iterations = 10_000


@pytest.fixture(autouse=True)
def _unlimited(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.FewIterations"]
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "1000000/d")
    settings.ACCOUNT_RATE_LIMITS = False
    # Longer than nearly all of these answers take.
    settings.EVEN_ANSWER_SECONDS = EVEN_SECONDS


def seconds_for(path: str, email: str) -> float:
    browser: Client = new_visitor()
    started = time.perf_counter()
    status = browser.post(path, FORMS[path](email)).status_code
    took = time.perf_counter() - started
    assert status < 400
    return took


def z_of(one: list[float], other: list[float]) -> float:
    """Mann-Whitney: how far the ranks of one sample lie from chance, in standard deviations."""
    ranks = {took: rank for rank, took in enumerate(sorted([*one, *other]), start=1)}
    n, m = len(one), len(other)
    u = sum(ranks[took] for took in one) - n * (n + 1) / 2
    return (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)


def test_the_rank_test_finds_a_difference_and_none():
    drawn = random.Random(7)
    one, same = ([drawn.gauss(10, 1) for _ in range(1000)] for _ in range(2))
    later = [drawn.gauss(10.3, 1) for _ in range(1000)]

    assert abs(z_of(one, same)) < Z_MAX < abs(z_of(one, later))


@pytest.mark.parametrize("path", FORMS)
def test_known_and_unknown_addresses_take_as_long(path):
    known, took = new_user(new_email("known")).email, {True: [], False: []}
    gc.disable()
    for turn in range(TIMES + 20):
        for is_known in random.sample([True, False], 2):
            seconds = seconds_for(path, known if is_known else new_email("unknown"))
            if turn >= 20:  # what a process keeps is made first
                took[is_known].append(seconds)
    gc.enable()

    z = z_of(took[True], took[False])
    medians = {is_known: f"{median(times) * 1000:.2f} ms" for is_known, times in took.items()}
    assert abs(z) < Z_MAX, f"z = {z:.1f}, known: {medians[True]}, unknown: {medians[False]}"
