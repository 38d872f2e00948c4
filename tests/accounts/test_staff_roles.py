"""Every page and every act of the admin, asked by each role of staff: one table, and nothing that it does not name."""

import uuid
from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.billing.models import Payment, Reconciliation, WebhookEvent
from apps.core.models import AuditEntry
from apps.insights.staff_roles import ROLES
from apps.pages.models import ContactMessage
from tests.accounts.conftest import new_email, new_visitor
from tests.factories import FundedMembershipFactory

pytestmark = pytest.mark.django_db
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVERYBODY = {"support", "finance", "operator"}
MONEY = {"finance"}
# Who reads which list, with its pages. Superusers read them all.
READERS = {
    "account.emailaddress": set(),
    "accounts.apikey": EVERYBODY,
    "accounts.invitation": EVERYBODY,
    "accounts.membership": EVERYBODY,
    "accounts.user": EVERYBODY,
    "accounts.workspace": EVERYBODY,
    "auth.group": set(),
    "billing.checkoutsession": MONEY,
    "billing.creditaccount": MONEY,
    "billing.creditgrant": MONEY,
    "billing.customer": MONEY,
    "billing.hold": MONEY,
    "billing.invoice": MONEY,
    "billing.ledgerentry": MONEY,
    "billing.overagereport": MONEY,
    "billing.payment": MONEY,
    "billing.reconciliation": {"finance", "operator"},
    "billing.spendingrules": MONEY,
    "billing.subscription": MONEY,
    "billing.topup": MONEY,
    "billing.webhookevent": {"finance", "operator"},
    "core.auditentry": {"finance", "operator"},
    "core.outgoingmail": {"support", "operator"},
    "generation.attempt": EVERYBODY,
    "generation.generation": EVERYBODY,
    "generation.prompttemplateversion": {"support", "operator"},
    "mfa.authenticator": set(),
    "pages.contactmessage": {"support"},
    "pages.notice": {"support", "operator"},
    "socialaccount.socialaccount": set(),
    "usage.dailytotal": MONEY,
    "usage.dailyusage": MONEY,
    "usage.usagerecord": MONEY,
    "usersessions.usersession": {"support", "operator"},
}
WRITERS = {"pages.notice": {"operator"}}
LABELS = sorted(model._meta.label_lower for model in admin.site._registry)
# Beside the admin's own addresses: who may ask for what, by method.
ACTS = {
    "accounts/user/{person}/impersonation/": ("GET", {"support"}),
    "accounts/user/{person}/suspension/": ("GET", {"operator"}),
    "accounts/workspace/{workspace}/suspension/": ("GET", {"operator"}),
    "billing/creditaccount/{workspace}/adjust/": ("GET", {"finance"}),
    "billing/payment/{payment}/refund/": ("GET", {"finance"}),
    "billing/reconciliation/compare/": ("POST", {"operator"}),
    "billing/reconciliation/{reconciliation}/fetch-again/": ("POST", {"operator"}),
    "billing/webhookevent/{event}/replay/": ("POST", {"operator"}),
    "core/auditentry/export/": ("GET", {"finance", "operator"}),
    # Everybody on the staff may search; what is found asks for its own permission.
    "find/": ("GET", {*EVERYBODY, ""}),
}
# Acts on chosen rows, by list.
ROW_ACTS = {
    ("accounts/apikey", "revoke_selected"): {"operator"},
    ("accounts/workspace", "restore"): {"operator"},
    ("billing/webhookevent", "replay_selected"): {"operator"},
    ("pages/contactmessage", "mark_as_handled"): {"support"},
}


def staff(role: str = "") -> User:
    """A member of staff with one role; "superuser" may do everything, "" nothing."""
    if role == "superuser":
        return User.objects.create_superuser(new_email("root"), "x")
    user = User.objects.create_user(new_email(role or "staff"), is_staff=True)
    user.groups.set(Group.objects.filter(name=role))
    return user


def browser_of(user: User) -> Client:
    browser = new_visitor()
    browser.force_login(user)
    return browser


def address(label: str, rest: str = "") -> str:
    return f"/admin/{label.replace('.', '/')}/{rest}"


@pytest.fixture
def rows() -> dict[str, object]:
    """Something of everything that an act is done to."""
    member = FundedMembershipFactory()
    payment = Payment.objects.create(
        workspace=member.workspace,
        kind="pack",
        source_key=f"checkout:{uuid.uuid4()}",
        stripe_payment_intent_id=f"pi_{uuid.uuid4()}",
        amount=500,
        currency="usd",
        credits=0,
        paid_at=timezone.now(),
    )
    return {
        "person": member.user_id,
        "workspace": member.workspace_id,
        "payment": payment.pk,
        "event": WebhookEvent.objects.create(stripe_id=f"evt_{uuid.uuid4()}", type="t", payload={}).pk,
        "reconciliation": Reconciliation.objects.create(since=EPOCH, until=timezone.now(), checked=0).pk,
    }


def test_the_table_names_every_list_of_the_admin():
    assert READERS.keys() == set(LABELS)


def test_the_table_names_every_act_of_the_admin():
    named = {f"/admin/{route.partition('{')[0]}".rstrip("/") for route in ACTS}
    own = {"add", "autocomplete", "change", "changelist", "delete", "history", "password_change"}
    found = {
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/{pattern.pattern}".partition("<")[0].rstrip("/")
        for model, model_admin in admin.site._registry.items()
        for pattern in model_admin.get_urls()
        if pattern.name and pattern.name.rpartition("_")[2] not in own and "auth_user" not in pattern.name
    }

    assert found <= named


def test_the_table_names_every_act_on_rows():
    found = {
        (f"{model._meta.app_label}/{model._meta.model_name}", name)
        for model, model_admin in admin.site._registry.items()
        for name in model_admin.actions or []
        if model._meta.label_lower != "account.emailaddress"  # read by no role: see READERS
    }

    assert found == set(ROW_ACTS)


@pytest.mark.parametrize("role", ["", *ROLES, "superuser"])
def test_each_role_reads_its_lists_and_no_other(role):
    browser = browser_of(staff(role))

    read = {label for label in LABELS if browser.get(address(label)).status_code == 200}

    assert read == {label for label in LABELS if role == "superuser" or role in READERS[label]}


@pytest.mark.parametrize("role", ["", *ROLES])
def test_no_role_writes_rows_but_those_that_the_table_names(role):
    browser = browser_of(staff(role))

    added = {label for label in LABELS if browser.get(address(label, "add/")).status_code == 200}

    assert added == {label for label in LABELS if role in WRITERS.get(label, ())}


@pytest.mark.parametrize("role", ["", *ROLES, "superuser"])
def test_each_role_does_its_acts_and_no_other(role, rows):
    browser = browser_of(staff(role))

    answers = {
        route: browser.generic(method, f"/admin/{route.format(**rows)}").status_code
        for route, (method, _doers) in ACTS.items()
    }

    done = {route for route, status in answers.items() if status in {200, 302}}
    assert done == {route for route, (_method, doers) in ACTS.items() if role == "superuser" or role in doers}
    assert set(answers.values()) <= {200, 302, 403}


@pytest.mark.parametrize("role", ["", *ROLES, "superuser"])
def test_each_role_does_its_acts_on_rows_and_no_other(role):
    browser = browser_of(staff(role))

    offered = set()
    for table, action in ROW_ACTS:
        page = browser.get(f"/admin/{table}/")
        if page.status_code == 200 and action in page.context["cl"].model_admin.get_actions(page.wsgi_request):
            offered.add((table, action))

    assert offered == {act for act, doers in ROW_ACTS.items() if role == "superuser" or role in doers}


def test_support_sees_no_money_on_the_page_of_a_person():
    member = FundedMembershipFactory()
    browser = browser_of(staff("support"))

    page = browser.get(f"/admin/accounts/user/{member.user_id}/change/")

    assert page.status_code == 200
    assert browser.get("/admin/").status_code == 200
    assert browser.get(address("billing.creditaccount", f"{member.workspace_id}/change/")).status_code == 403


def test_no_role_makes_itself_more():
    member = FundedMembershipFactory()
    for role in ROLES:
        browser = browser_of(staff(role))
        form = {"email": "x@example.com", "is_superuser": "on", "is_staff": "on", "is_active": "on"}
        assert browser.post(f"/admin/accounts/user/{member.user_id}/change/", form).status_code == 403
        assert browser.post(f"/admin/accounts/user/{member.user_id}/password/", {}).status_code == 403


def test_the_groups_have_what_the_file_says_after_a_migrate():
    for role, wanted in ROLES.items():
        labels = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
        assert {".".join(label) for label in labels} == set(wanted)


def test_an_open_message_can_be_handled_by_support():
    message = ContactMessage.objects.create(
        topic="other", reply_to="a@example.com", message="Hi", idempotency_key=uuid.uuid4()
    )
    form = {"action": "mark_as_handled", "_selected_action": [str(message.pk)]}

    browser_of(staff("support")).post("/admin/pages/contactmessage/", form)

    assert AuditEntry.objects.get().action == "contact_message_handled"
