"""The time of an answer tells nobody who has an account: as many password hashes are computed either way."""

import time

import pytest

from tests.accounts.conftest import PASSWORD, new_email, new_user, new_visitor

pytestmark = pytest.mark.django_db
FORMS = {
    "/accounts/login/": lambda email: {"login": email, "password": "not the password"},
    "/accounts/signup/": lambda email: {"email": email, "password1": PASSWORD},
    "/accounts/password/reset/": lambda email: {"email": email},
    "/accounts/login/code/": lambda email: {"email": email},
}


def hashes_for(path, email, hashes) -> int:
    hashes.clear()
    assert new_visitor().post(path, FORMS[path](email)).status_code < 400
    return len(hashes)


@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize(("path", "expected"), [*zip(FORMS, [1, 1, 0, 0], strict=True)])
def test_known_and_unknown_addresses_cost_the_same(hashes, path, expected, verified):
    known = new_user(new_email("known"), verified=verified).email

    assert (hashes_for(path, known, hashes), hashes_for(path, new_email("unknown"), hashes)) == (expected, expected)


def test_an_account_without_a_password_and_a_closed_one_cost_the_same(hashes):
    without, closed = new_user(new_email("without")), new_user(new_email("closed"))
    without.set_unusable_password()
    without.save()
    closed.is_active = False
    closed.save()

    assert hashes_for("/accounts/login/", without.email, hashes) == 1
    assert hashes_for("/accounts/login/", closed.email, hashes) == 1


@pytest.mark.parametrize("path", FORMS)
def test_an_answer_waits_until_every_other_one_would_be_ready_too(path, settings):
    settings.EVEN_ANSWER_SECONDS = 0.25

    started = time.monotonic()
    new_visitor().post(path, FORMS[path](new_email("unknown")))

    assert time.monotonic() - started >= settings.EVEN_ANSWER_SECONDS
