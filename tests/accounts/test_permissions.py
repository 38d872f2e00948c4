"""Who may do what: the table, and every door that asks it."""

import pytest

from apps.accounts import permissions
from apps.accounts.permissions import NotPermittedError, Permission, Role
from apps.billing.buyers import NotABuyerError
from tests.accounts.team import ROLES, browser_of, join
from tests.billing_pages.plans import invoice
from tests.factories import GenerationFactory, TeamFactory, TeamMembershipFactory

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
    P.RENAME: {"owner"},
    P.TRANSFER: {"owner"},
    P.DELETE: {"owner"},
}
# Method, address, what is sent, and who is not refused by their role.
DOORS = [
    ("get", "/generations/", {}, EXPECTED[P.SEE_GENERATIONS]),
    ("get", "/generations/estimate/?template=summary", {}, EXPECTED[P.GENERATE]),
    ("post", "/generations/deletions/", {}, EXPECTED[P.SEE_GENERATIONS]),
    ("get", "/billing/spending/", {}, EXPECTED[P.SET_SPENDING_RULES]),
    ("post", "/billing/spending/", {}, EXPECTED[P.SET_SPENDING_RULES]),
    ("post", "/billing/checkout-sessions/", {}, EXPECTED[P.BUY]),
    ("post", "/billing/portal-sessions/", {}, EXPECTED[P.BUY]),
    ("get", "/billing/receipts/01890000-0000-7000-8000-000000000000/", {}, EXPECTED[P.SEE_MONEY]),
    ("post", "/settings/invitations/", {}, EXPECTED[P.MANAGE_MEMBERS]),
    ("post", "/settings/members/1/removal/", {}, EXPECTED[P.MANAGE_MEMBERS]),
    ("post", "/settings/members/1/role/", {}, EXPECTED[P.CHANGE_ROLES]),
    ("post", "/settings/members/1/allowance/", {}, EXPECTED[P.SET_ALLOWANCES]),
    ("get", "/settings/activity/", {}, EXPECTED[P.SEE_ACTIVITY]),
    ("post", "/settings/workspace/", {"name": "New"}, EXPECTED[P.RENAME]),
    ("post", "/settings/workspace/team/", {}, EXPECTED[P.TRANSFER]),
    ("post", "/settings/workspace/ownership/", {}, EXPECTED[P.TRANSFER]),
    ("post", "/settings/workspace/deletion/", {"name": "x"}, EXPECTED[P.DELETE]),
    ("get", "/settings/members/", {}, set(ROLES)),
    ("get", "/settings/workspaces/", {}, set(ROLES)),
    ("get", "/billing/", {}, set(ROLES)),
]


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


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path", "sent", "allowed"), DOORS, ids=[f"{door[0]} {door[1]}" for door in DOORS])
def test_each_door_lets_in_exactly_the_roles_of_the_table(role, method, path, sent, allowed):
    member = join(TeamFactory(), role)

    answer = getattr(browser_of(member.user), method)(path, sent)

    assert (answer.status_code == 403) == (role not in allowed), answer.status_code


def test_who_only_pays_is_led_from_the_composer_to_the_bill():
    answer = browser_of(join(TeamFactory(), "billing").user).get("/generations/new/")

    assert (answer.status_code, answer["Location"]) == (302, "/billing/")


@pytest.mark.parametrize(("role", "status"), [("member", 200), ("billing", 403)])
def test_programs_meet_the_same_table(role, status):
    made = GenerationFactory(membership=TeamMembershipFactory())
    browser = browser_of(join(made.workspace, role).user)

    for path in ("/api/v1/generations/", f"/api/v1/generations/{made.pk}/"):
        assert browser.get(path).status_code == status
    assert browser.get("/api/v1/balance/").status_code == 200


@pytest.mark.parametrize(("role", "sees"), [("member", False), ("billing", True), ("admin", True)])
def test_invoices_are_for_those_who_see_money(role, sees):
    team = TeamFactory()
    invoice(team, number="KEEL-0042")

    assert ("KEEL-0042" in browser_of(join(team, role).user).get("/billing/").text) is sees
