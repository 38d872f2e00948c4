"""Acting as a customer: with a reason, for a while, to look around; next to nothing is done, all is written down."""

import time
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import get_resolver

from apps.accounts import impersonation
from apps.accounts.impersonation_middleware import STAFF_MAY_SEND_TO
from apps.accounts.models import User
from apps.core.models import AuditEntry
from apps.generation import sse
from tests.access.routes import ROUTES, UNSAFE, fill
from tests.accounts.conftest import new_email
from tests.accounts.test_staff_roles import browser_of, staff
from tests.factories import FundedMembershipFactory, GenerationFactory, MembershipFactory

REASON = {"reason": "ticket 7"}
PAGES = ["/generations/", "/generations/new/", "/billing/", "/usage/", "/settings/", "/help/", "/pricing/"]


@pytest.fixture
def support(db) -> User:
    return staff("support")


@pytest.fixture
def customer(db):
    return FundedMembershipFactory(user__name="Cleo Customer")


def acting_as(user: User, *, by: User) -> Client:
    browser = browser_of(by)
    browser.raise_request_exception = False
    answer = browser.post(f"/admin/accounts/user/{user.pk}/impersonation/", REASON)
    assert answer["Location"] == "/generations/"
    return browser


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_staff_see_the_customers_pages_and_not_their_own(support, customer):
    theirs, own = GenerationFactory(membership=customer), MembershipFactory(user=support)
    browser = acting_as(customer.user, by=support)

    assert browser.get(f"/generations/{theirs.pk}/").status_code == 200
    assert str(own.workspace_id) not in browser.get("/generations/").text
    assert "Cleo Customer" in browser.get("/settings/").text


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_so_and_has_the_way_out(support, customer, page):
    browser = acting_as(customer.user, by=support)

    text = browser.get(page).text

    assert 'class="acting-as"' in text
    assert customer.user.email in text
    assert 'action="/impersonation/ending/"' in text


def test_a_page_of_somebody_who_acts_as_nobody_has_no_such_line(customer):
    assert 'class="acting-as"' not in browser_of(customer.user).get("/settings/").text


def test_stop_leads_back_to_the_customers_page_in_the_admin(support, customer):
    browser = acting_as(customer.user, by=support)

    answer = browser.post("/impersonation/ending/")

    assert answer["Location"] == f"/admin/accounts/user/{customer.user_id}/change/"
    assert customer.user.email not in browser.get("/settings/").text
    assert acts()[0] == "impersonation_started"
    assert acts()[-1] == "impersonation_ended"


def test_a_reason_is_needed(support, customer):
    browser = browser_of(support)

    assert browser.post(f"/admin/accounts/user/{customer.user_id}/impersonation/", {"reason": " "}).status_code == 200
    assert impersonation.SESSION_KEY not in browser.session


@pytest.mark.parametrize("flags", [{"is_staff": True}, {"is_superuser": True}, {"is_active": False}])
def test_nobody_acts_as_staff_or_as_a_closed_account(support, flags):
    other = User.objects.create_user(new_email("other"), **flags)

    browser = browser_of(support)
    browser.post(f"/admin/accounts/user/{other.pk}/impersonation/", REASON)

    assert impersonation.SESSION_KEY not in browser.session
    assert acts() == []


def test_everything_is_written_down_with_who_really_did_it(support, customer):
    browser = acting_as(customer.user, by=support)
    browser.get("/billing/")

    started = AuditEntry.objects.get(action="impersonation_started")
    seen = AuditEntry.objects.get(action="impersonated_request", details__path="/billing/")
    assert (started.actor, started.user_id, started.details) == (f"user:{support.pk}", customer.user_id, REASON)
    assert (seen.actor, seen.impersonator) == (f"user:{customer.user_id}", f"user:{support.pk}")
    assert seen.details == {"method": "GET", "path": "/billing/", "status": 200}


def test_an_act_of_a_service_names_who_really_did_it(support, customer, monkeypatch):
    allowed = STAFF_MAY_SEND_TO | {"settings:other_sessions_ending"}
    monkeypatch.setattr("apps.accounts.impersonation_middleware.STAFF_MAY_SEND_TO", allowed)
    browser_of(customer.user).get("/settings/")

    acting_as(customer.user, by=support).post("/settings/other-sessions/ending/")

    assert AuditEntry.objects.get(action="other_sessions_ended").impersonator == f"user:{support.pk}"


# The platform asks these, and nobody's session is read there.
UNATTENDED = {"healthz", "readyz"}
OF_CUSTOMERS = [route for route in ROUTES if not route.startswith(("admin/", "insights/")) and route not in UNATTENDED]


@pytest.mark.parametrize("method", UNSAFE)
def test_nothing_is_sent_anywhere_but_where_the_list_says(support, customer, method):
    browser = acting_as(customer.user, by=support)
    names = {route: name_of(fill(route)) for route in OF_CUSTOMERS}

    sent_to = {route for route in names if names[route] not in STAFF_MAY_SEND_TO}

    assert {route for route in sent_to if not is_refused(browser, method, route)} == set()


def test_the_pages_of_a_login_are_not_even_opened(support, customer):
    browser = acting_as(customer.user, by=support)
    closed = [route for route in OF_CUSTOMERS if route.startswith("accounts/") and route != "accounts/logout/"]

    assert [route for route in closed if not is_refused(browser, "GET", route)] == []


def test_the_list_names_addresses_that_exist():
    names = {name_of(fill(route)) for route in OF_CUSTOMERS}

    assert names >= STAFF_MAY_SEND_TO


def test_it_ends_by_itself_and_nothing_is_done_then(support, customer):
    browser = acting_as(customer.user, by=support)
    session = browser.session
    session[impersonation.SESSION_KEY] |= {"ends_at": time.time() - 1}
    session.save()

    answer, later = browser.post("/generations/new/"), browser.get("/settings/")

    assert "Your time as this customer is over" in answer.text
    assert customer.user.email not in later.text
    assert acts()[-1] == "impersonation_ended"


@pytest.mark.parametrize("change", ["permission", "staff", "customer_closed", "customer_promoted"])
def test_it_ends_when_it_may_not_go_on(support, customer, change):
    browser = acting_as(customer.user, by=support)
    if change == "permission":
        support.groups.clear()
    elif change == "staff":
        User.objects.filter(pk=support.pk).update(is_staff=False)
    else:
        changed = {"is_active": False} if change == "customer_closed" else {"is_staff": True}
        User.objects.filter(pk=customer.user_id).update(**changed)

    assert browser.get("/settings/").status_code == 403
    assert customer.user.email not in browser.get("/settings/").text


def test_in_the_admin_staff_stay_themselves(support, customer):
    browser = acting_as(customer.user, by=support)

    page = browser.get("/admin/")

    assert page.context["user"] == support
    assert 'class="acting-as"' in page.text


def test_the_customers_sessions_are_not_touched(support, customer):
    theirs = browser_of(customer.user)
    theirs.get("/settings/")
    browser = acting_as(customer.user, by=support)
    browser.get("/settings/security/")

    listed = theirs.get("/settings/security/").context["sessions"]
    assert len(listed) == 1
    assert theirs.get("/settings/").status_code == 200


def test_logging_out_ends_both(support, customer):
    browser = acting_as(customer.user, by=support)

    browser.post("/accounts/logout/")

    assert browser.get("/settings/")["Location"].startswith("/accounts/login/")
    assert acts()[-1] == "impersonation_ended"


def test_the_stream_of_a_customers_generation_opens_and_no_other(committed_db):
    theirs, foreign = GenerationFactory(), GenerationFactory()
    key = acting_as(theirs.user, by=staff("superuser")).session.session_key

    assert sse._authorize(key, theirs.pk).generation_id == theirs.pk
    assert sse._authorize(key, foreign.pk) == HTTPStatus.NOT_FOUND


def test_times_are_shown_as_the_customer_sees_them(support, customer):
    User.objects.filter(pk=customer.user_id).update(time_zone="Asia/Tokyo")

    page = acting_as(customer.user, by=support).get("/settings/preferences/")

    assert "+09" in page.text


def is_refused(browser: Client, method: str, route: str) -> bool:
    answer = browser.generic(method, fill(route))
    return answer.status_code == 403 and "only they can do this" in answer.text


def name_of(address: str) -> str:
    return get_resolver().resolve(address).view_name
