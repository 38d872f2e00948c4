"""Suspending: who is suspended comes in by no door, what is suspended costs nothing from then on; both are undone."""

from functools import partial

import pytest
from django.db import IntegrityError, transaction

from apps.accounts import services, suspension
from apps.accounts.models import User
from apps.accounts.suspension import StaffNotSuspendedError, WorkspaceSuspendedError
from apps.billing.prove import prove
from apps.core.models import AuditEntry
from apps.generation import leases, sweeper
from apps.generation.models import Generation
from tests.accounts.conftest import PASSWORD, new_email, new_user, new_visitor
from tests.accounts.test_api_keys import ask, make_key
from tests.accounts.test_staff_roles import browser_of, staff
from tests.factories import FundedMembershipFactory, GenerationFactory
from tests.generation import runs
from tests.generation.conftest import quick, unlimited_plans, workshop  # noqa: F401 - fixtures
from tests.product import wait_for

DONE = {"actor": "user:1", "reason": "fraud"}
# Generous: it takes about one.
STOP_SECONDS = 5


def suspend(member, what: str) -> None:
    if what == "user":
        assert suspension.suspend_user(user=member.user, **DONE)
    else:
        assert suspension.suspend_workspace(workspace_id=member.workspace_id, **DONE)


def restore(member, what: str) -> None:
    if what == "user":
        assert suspension.restore_user(user=member.user, **DONE)
    else:
        assert suspension.restore_workspace(workspace_id=member.workspace_id, **DONE)


@pytest.fixture
def ledger(db):
    yield
    assert prove() == []


def test_a_suspended_persons_sessions_end_and_a_login_is_refused_with_the_reason_why(db):
    user = new_user(new_email("owner"))
    inside, outside = new_visitor(), new_visitor()
    inside.force_login(user)

    suspension.suspend_user(user=user, **DONE)

    assert inside.get("/settings/")["Location"].startswith("/accounts/login/")
    answer = outside.post("/accounts/login/", {"login": user.email, "password": PASSWORD}, follow=True)
    assert "Your account is suspended" in answer.text
    assert "_auth_user_id" not in outside.session


def test_a_wrong_password_does_not_tell_that_somebody_is_suspended(db):
    user = new_user(new_email("owner"))
    suspension.suspend_user(user=user, **DONE)

    answer = new_visitor().post("/accounts/login/", {"login": user.email, "password": "wrong"}, follow=True)

    assert "suspended" not in answer.text


def test_a_closed_account_still_says_that_it_is_closed(db):
    user = new_user(new_email("owner"))
    User.objects.filter(pk=user.pk).update(is_active=False)

    answer = new_visitor().post("/accounts/login/", {"login": user.email, "password": PASSWORD}, follow=True)

    assert "This account is closed" in answer.text


def test_a_restored_person_comes_in_again(db):
    user = new_user(new_email("owner"))
    suspension.suspend_user(user=user, **DONE)
    suspension.restore_user(user=user, **DONE)
    visitor = new_visitor()

    visitor.post("/accounts/login/", {"login": user.email, "password": PASSWORD})

    assert visitor.session["_auth_user_id"] == str(user.pk)


def test_each_is_done_once_and_written_down_with_its_reason(db):
    member = FundedMembershipFactory()
    for what in ("user", "workspace"):
        suspend(member, what)
        restore(member, what)

    assert not suspension.restore_user(user=member.user, **DONE)
    assert not suspension.restore_workspace(workspace_id=member.workspace_id, **DONE)
    noted = AuditEntry.objects.order_by("id").values_list("action", "details__reason")
    acts = ["user_suspended", "user_restored", "workspace_suspended", "workspace_restored"]
    assert list(noted) == [(act, "fraud") for act in acts]


def test_an_erased_person_is_not_restored(db):
    user = new_user(new_email("owner"))
    suspension.suspend_user(user=user, **DONE)
    services.erase_account(user=User.objects.get(pk=user.pk))

    assert not suspension.restore_user(user=user, **DONE)
    assert not User.objects.get(pk=user.pk).is_active


@pytest.mark.parametrize("flags", [{"is_staff": True}, {"is_superuser": True}])
def test_staff_are_not_suspended_by_this_door(db, flags):
    user = User.objects.create_user(new_email("staff"), **flags)

    with pytest.raises(StaffNotSuspendedError):
        suspension.suspend_user(user=user, **DONE)


def test_the_database_knows_that_who_is_suspended_is_not_active(db):
    user = new_user(new_email("owner"))
    suspension.suspend_user(user=user, **DONE)

    with pytest.raises(IntegrityError, match="user_suspended_is_inactive"), transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_active=True)


def test_nothing_starts_in_a_suspended_workspace_and_its_pages_stay(workshop):  # noqa: F811
    member = FundedMembershipFactory()
    suspend(member, "workspace")

    with pytest.raises(WorkspaceSuspendedError):
        runs.start(member)

    browser = browser_of(member.user)
    assert "This workspace is suspended" in browser.get("/billing/").text
    assert browser.get("/generations/").status_code == 200
    assert Generation.objects.count() == 0


def test_nothing_is_bought_for_a_suspended_workspace(db):
    member = FundedMembershipFactory()
    suspend(member, "workspace")

    answer = browser_of(member.user).post("/billing/checkout-sessions/", {"offer": "pack:small"})

    assert answer.status_code == 403


def test_a_key_reads_and_does_not_write_in_a_suspended_workspace(db):
    member = FundedMembershipFactory()
    token = make_key(member).token
    suspend(member, "workspace")
    body = {"template": "summary", "inputs": {"text": "word " * 25, "format": "Bullet points"}}
    send = partial(ask, token, "/api/v1/generations/", method="post", content_type="application/json")

    assert ask(token).status_code == 200
    assert send(data=body, headers={"Idempotency-Key": "1"}).json()["code"] == "workspace_suspended"


@pytest.mark.parametrize("what", ["user", "workspace"])
def test_what_waits_is_not_claimed_and_its_hold_is_given_back(ledger, what):
    generation = GenerationFactory()
    suspend(generation, what)

    assert leases.claim(generation.pk) is None
    sweeper.sweep()

    generation = runs.fresh(generation)
    assert (generation.status, generation.charged_credits) == ("canceled", 0)
    runs.assert_settled_once(generation)


@pytest.mark.parametrize("what", ["user", "workspace"])
def test_what_runs_is_stopped_within_seconds(workshop, settings, what):  # noqa: F811
    settings.GENERATION_DEADLINES = {"queue": 60.0, "first_token": 60.0, "idle": 60.0, "total": 60.0}
    member = FundedMembershipFactory()
    generation = runs.start(member, model="keel-stall")

    with runs.running(generation):
        wait_for(lambda: runs.call_of(generation) is not None, seconds=STOP_SECONDS)
        suspend(member, what)
        wait_for(lambda: runs.fresh(generation).is_terminal, seconds=STOP_SECONDS)

    assert runs.fresh(generation).status == "canceled"


def test_a_restored_workspace_works_again(workshop):  # noqa: F811
    member = FundedMembershipFactory()
    suspend(member, "workspace")
    restore(member, "workspace")

    assert runs.run(runs.start(member)).status == "succeeded"


@pytest.mark.parametrize("what", ["user", "workspace"])
def test_an_operator_suspends_in_the_admin_with_a_reason(db, what):
    member, operator = FundedMembershipFactory(), staff("operator")
    row = member.user if what == "user" else member.workspace
    address = f"/admin/accounts/{what}/{row.pk}/suspension/"
    browser = browser_of(operator)

    assert browser.post(address, {"reason": ""}).status_code == 200
    row.refresh_from_db()
    assert row.suspended_at is None
    browser.post(address, {"reason": "fraud"})
    row.refresh_from_db()
    assert row.suspended_at is not None
    assert "Restore" in browser.get(f"/admin/accounts/{what}/{row.pk}/change/").text
    browser.post(address, {"reason": "sorted out"})
    row.refresh_from_db()
    assert row.suspended_at is None


def test_the_admins_own_form_does_not_let_a_suspended_person_in(db):
    user, root = new_user(new_email("owner")), staff("superuser")
    suspension.suspend_user(user=user, **DONE)
    form = {"email": user.email, "name": "New", "time_zone": "UTC", "is_active": "on", "date_joined_0": "2026-01-01"}
    inlines = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0, "date_joined_1": "00:00:00"}

    answer = browser_of(root).post(f"/admin/accounts/user/{user.pk}/change/", form | inlines)

    user.refresh_from_db()
    assert (answer.status_code, user.name, user.is_active) == (302, "New", False)
