"""Who may do what: the table itself; tests/access/ asks every address by it."""

import pytest

from apps.accounts import permissions
from apps.accounts.permissions import NotPermittedError, Permission, Role
from apps.billing.buyers import NotABuyerError
from tests.accounts.team import browser_of, join
from tests.factories import TeamFactory

pytestmark = pytest.mark.django_db

P = Permission
EXPECTED = {
    P.GENERATE: {"owner", "admin", "member"},
    P.SEE_GENERATIONS: {"owner", "admin", "member"},
    P.SEE_MONEY: {"owner", "admin", "billing"},
    P.BUY: {"owner", "admin", "billing"},
    P.SET_SPENDING_RULES: {"owner", "admin", "billing"},
    P.SEE_ACTIVITY: {"owner", "admin"},
    P.MANAGE_MEMBERS: {"owner", "admin"},
    P.CHANGE_ROLES: {"owner", "admin"},
    P.SET_ALLOWANCES: {"owner", "admin"},
    P.MANAGE_API_KEYS: {"owner", "admin"},
    P.SET_RETENTION: {"owner"},
    P.RENAME: {"owner"},
    P.TRANSFER: {"owner"},
    P.DELETE: {"owner"},
}


def test_the_table_is_what_was_decided():
    assert {permission: set(permissions.roles_with(permission)) for permission in Permission} == EXPECTED


def test_every_role_has_a_row_and_a_description():
    assert set(permissions.TABLE) == set(permissions.DESCRIPTIONS) == set(Role)


@pytest.mark.parametrize("permission", Permission)
def test_a_refusal_names_who_can_do_it(permission):
    sentence = str(NotPermittedError(permission).sentence)

    assert sentence.startswith(("Only an owner", "Only owners"))
    assert "%(" not in sentence


def test_who_may_not_buy_is_refused_under_the_old_code():
    assert (NotABuyerError(P.BUY).code, NotABuyerError(P.BUY).status) == ("not_a_buyer", 403)


def test_who_only_pays_is_led_from_the_composer_to_the_bill():
    answer = browser_of(join(TeamFactory(), "billing").user).get("/generations/new/")

    assert (answer.status_code, answer["Location"]) == (302, "/billing/")
