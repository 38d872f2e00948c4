"""Leaving for good: closed at once, open to the way back, then erased everywhere but in the books."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from apps.accounts import api_keys, deletion, members, services, workspaces
from apps.accounts.models import Membership, User, Workspace
from apps.billing import erasing, workspace_end
from apps.billing.models import Customer, LedgerEntry, WebhookEvent
from apps.billing.receivers import grant_sign_up_credits
from apps.billing.stripe_client import StripeUnavailableError, ask
from apps.core import mail
from apps.core.db import workspace_scope
from apps.core.models import OutgoingMail
from apps.core.personal_data import erase_user
from apps.generation import leases, readers, sweeper
from apps.generation.models import Generation
from apps.pages.models import ContactMessage
from apps.usage.models import UsageRecord
from tests.accounts.conftest import PASSWORD, new_email, new_user, new_visitor
from tests.accounts.factors import proved
from tests.accounts.team import browser_of, invite, join
from tests.accounts.test_impersonation import acting_as
from tests.accounts.test_staff_roles import staff
from tests.billing_stripe.buyer import make_buyer
from tests.factories import GenerationFactory, TeamMembershipFactory

URL = "/settings/account/deletion/"
MARKER = "zyxmarkerqwv"
FINISHED = {"status": "succeeded", "finish_reason": "stop"}


@pytest.fixture
def person(db) -> User:
    return new_user(new_email(MARKER))


def leave(user: User, **when) -> User:
    """Ask to be deleted."""
    deletion.request_deletion(user=user, typed_address=user.email, **when)
    user.refresh_from_db()
    return user


def leave_long_ago(user: User) -> User:
    """As if the grace were over."""
    return leave(user, at=timezone.now() - timedelta(days=31))


def erase_due() -> int:
    return deletion.erase_due(now=timezone.now())


def logged_in(user: User):
    """A browser in which somebody has logged in with their password."""
    browser = new_visitor()
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return browser


def test_a_person_closes_their_account_with_their_address_typed(person):
    browser, other = proved(person), logged_in(person)

    wrong = browser.post(URL, {"address": "somebody@example.com"})
    answer = browser.post(URL, {"address": person.email.upper()})

    assert (wrong.status_code, wrong.get("Location"), answer.status_code) == (422, None, 302)
    person.refresh_from_db()
    assert timedelta(days=29) < person.deletion_due_at - timezone.now() <= timedelta(days=30)
    assert [one.get("/settings/").status_code for one in (browser, other)] == [302, 302]
    assert not Session.objects.filter(session_key=other.session.session_key).exists()
    assert OutgoingMail.objects.filter(to=person.email, key__startswith="deletion:").count() == 1


def test_whoever_did_not_log_in_lately_proves_who_they_are_first(person):
    browser = browser_of(person)

    answer = browser.post(URL, {"address": person.email})

    assert "/accounts/reauthenticate/" in answer["Location"]
    person.refresh_from_db()
    assert person.deletion_due_at is None


def test_the_page_says_what_goes_what_stays_and_when(person):
    page = proved(person).get(URL)

    assert page.status_code == 200
    for said in ("for good", "What stays", "ledger", "30 days", person.memberships.get().workspace.name):
        assert said in page.text


def test_one_page_is_open_to_who_is_leaving(person):
    leave(person)
    browser = logged_in(person)

    told = {path: browser.get(path).get("Location") for path in ("/", "/settings/", "/generations/new/", "/billing/")}
    page = browser.get("/accounts/ending/")

    assert set(told.values()) == {"/accounts/ending/"}
    assert "Keep my account" in page.text
    assert browser.get("/privacy/").status_code == 200
    assert browser.post("/generations/", {}).status_code == 403
    answer = browser.get("/api/v1/balance/", headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (403, "account_ending")


def test_keeping_it_brings_everything_back(person):
    leave(person)
    browser = logged_in(person)

    browser.post("/accounts/ending/keeping/")

    assert browser.get("/settings/").status_code == 200
    assert erase_due() == 0
    assert not deletion.keep(user=person)


def test_keys_are_refused_and_work_is_stopped_until_it_is_kept(person):
    membership = person.memberships.get()
    made = api_keys.create_key(
        user=person,
        workspace_id=membership.workspace_id,
        name="k",
        scopes=["generations:read"],
        idempotency_key="k",
        actor="test",
        needs_plan=False,
    )
    waiting = GenerationFactory(membership=membership)
    leave(person)

    assert api_keys.authenticate(made.token) is None
    assert leases.claim(waiting.pk) is None
    assert not Generation.objects.filter(readers.readable_by({person.pk})).exists()
    sweeper.sweep()
    waiting.refresh_from_db()
    assert waiting.status == "canceled"
    deletion.keep(user=person)
    assert api_keys.authenticate(made.token) is not None


def test_asking_twice_keeps_the_first_date(person):
    first = leave(person).deletion_due_at

    again = deletion.request_deletion(user=person, typed_address=person.email, at=timezone.now() + timedelta(days=3))

    assert again == first


def test_staff_are_not_deleted_here(person):
    User.objects.filter(pk=person.pk).update(is_staff=True)
    person.refresh_from_db()

    with pytest.raises(deletion.StaffNotDeletedError):
        leave(person)


def test_the_only_owner_of_a_team_with_others_is_told_what_to_do_first(person):
    mine = TeamMembershipFactory(user=person)
    join(mine.workspace, "admin")
    answer = proved(person).post(URL, {"address": person.email})

    assert answer.status_code == 409
    assert mine.workspace.name in answer.text
    assert 'name="address"' not in answer.text


def test_of_two_owners_one_can_leave_and_then_the_other_cannot(person):
    mine = TeamMembershipFactory(user=person)
    other = join(mine.workspace, "owner")
    join(mine.workspace, "member")
    leave(person)

    with pytest.raises(workspaces.OwnsTeamsError):
        leave(other.user)
    with pytest.raises(members.LastOwnerError), workspace_scope(mine.workspace_id):
        members.leave(actor=other)


def test_a_team_that_everybody_leaves_is_there_for_who_stays_after_all(person):
    mine = TeamMembershipFactory(user=person)
    member = join(mine.workspace, "member")
    leave(member.user)
    leave_long_ago(person)

    erase_due()
    deletion.keep(user=member.user)

    member.refresh_from_db()
    assert (member.role, member.workspace.erased_at) == ("owner", None)


def test_nobody_acts_as_who_is_leaving_and_nobody_leaves_for_another(person):
    browser = acting_as(person, by=staff("support"))

    answer = browser.post(URL, {"address": person.email})

    assert answer.status_code == 403
    person.refresh_from_db()
    assert person.deletion_due_at is None
    leave(person)
    assert browser.get("/settings/").status_code == 403


def put_everywhere(person: User) -> Workspace:
    """Let a person leave their address, name and words wherever they can."""
    services.save_preferences(user=person, name=f"Ada {MARKER}")
    person.refresh_from_db()
    membership = person.memberships.select_related("workspace").get()
    with workspace_scope(membership.workspace_id):
        services.rename_workspace(membership=membership, name=f"Charts of {MARKER}")
    ended = {**FINISHED, "finished_at": timezone.now()}
    generation = GenerationFactory(membership=membership, inputs={"text": MARKER}, output=MARKER, **ended)
    generation.attempts.create(number=1, provider="p", request_model="m", status="failed", error_detail=MARKER)
    generation.conversation.title = MARKER
    generation.conversation.save()
    api_keys.create_key(
        user=person,
        workspace_id=membership.workspace_id,
        name=MARKER,
        scopes=["generations:read"],
        idempotency_key="k",
        actor=f"user:{person.pk}",
        needs_plan=False,
    )
    ContactMessage.objects.create(reply_to=person.email, topic="data", message=MARKER, idempotency_key=uuid4())
    mail.queue_mail(key="failed", to="help@example.com", subject=f"From {person.email}", text=person.email)
    OutgoingMail.objects.update(status="failed", error=f"550 <{person.email}>")
    LogEntry.objects.create(user=person, object_repr=str(person), action_flag=CHANGE, change_message=person.email)
    boss = TeamMembershipFactory()
    invite(boss, person.email)
    alone = TeamMembershipFactory(user=person, workspace__name=f"Alone {MARKER}")
    invite(alone, f"friend-{MARKER}@example.com")
    logged_in(person)
    return membership.workspace


def columns_with(text: str) -> dict[str, list]:
    """Every row of every table, all columns of it as text, in which a text stands; sessions are read, too."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t WHERE t::text ILIKE %s', [f"%{text}%"])
            if rows := cursor.fetchall():
                found[table] = rows
    sessions = [json.dumps(one.get_decoded()) for one in Session.objects.all() if text in json.dumps(one.get_decoded())]
    return found | ({"sessions": sessions} if sessions else {})


def test_nothing_tells_of_an_erased_person_in_any_column_of_any_table(person):
    workspace = put_everywhere(person)
    assert len(columns_with(MARKER)) > 10
    entries, email = LedgerEntry.objects.count(), person.email
    leave_long_ago(person)

    assert erase_due() == 1

    assert columns_with(MARKER) == {}
    assert columns_with(email) == {}
    assert LedgerEntry.objects.count() == entries > 0
    workspace.refresh_from_db()
    assert (workspace.name, workspace.erased_at is not None) == ("erased", True)
    assert erase_due() == 0


def test_usage_stays_and_is_nobodys(person):
    put_everywhere(person)
    leave_long_ago(person)
    erase_due()

    assert not UsageRecord.objects.filter(user=person).exists()
    assert Generation.objects.filter(user=person, inputs={}, output="").count() == 1
    person.refresh_from_db()
    assert (person.is_active, person.deletion_due_at, person.erased_at is not None) == (False, None, True)


@pytest.mark.parametrize("broken", ["hooks.erase", "sessions.end_all_sessions", "login_ways.erase_login_ways"])
def test_an_erasure_that_was_cut_off_is_finished_by_the_next(person, monkeypatch, broken):
    put_everywhere(person)
    leave_long_ago(person)
    module, _dot, name = broken.partition(".")

    def die(*args, **more):
        raise ConnectionError("cut off")

    with monkeypatch.context() as patch:
        patch.setattr(f"apps.accounts.{module}.{name}", die)
        assert erase_due() == 0
    assert not deletion.keep(user=person)

    assert erase_due() == 1
    assert columns_with(MARKER) == {}


def test_before_its_day_nothing_is_erased(person):
    put_everywhere(person)
    leave(person, at=timezone.now() - timedelta(days=29))

    assert erase_due() == 0
    assert User.objects.get(pk=person.pk).is_active


def test_who_comes_back_is_somebody_new_and_gets_no_second_welcome(person):
    email = person.email
    grant_sign_up_credits(email_address=person.emailaddress_set.get())
    erase_user(person)

    again = new_user(email)
    grant_sign_up_credits(email_address=again.emailaddress_set.get())
    other = new_user(new_email("other"))
    grant_sign_up_credits(email_address=other.emailaddress_set.get())

    assert again.pk != person.pk
    welcomed = LedgerEntry.objects.filter(account__workspace__made_for__in=[again, other])
    assert [entry.account.workspace.made_for for entry in welcomed] == [other]


def test_somebody_elses_unconfirmed_address_is_left_alone(person, stranger):
    person.emailaddress_set.create(email=stranger.email, verified=False)
    ContactMessage.objects.create(reply_to=stranger.email, topic="data", message="mine", idempotency_key=uuid4())

    erase_user(person)

    assert ContactMessage.objects.count() == 1
    assert User.objects.get(pk=stranger.pk).email == stranger.email


def test_a_deleted_team_is_emptied_after_its_thirty_days(db):
    boss = TeamMembershipFactory(workspace__name=MARKER)
    join(boss.workspace, "member")
    GenerationFactory(membership=boss, inputs={"text": MARKER}, output=MARKER, finished_at=timezone.now(), **FINISHED)
    invite(boss, f"{MARKER}@example.com")
    long_ago = timezone.now() - workspaces.RESTORABLE - timedelta(hours=1)
    Workspace.objects.filter(pk=boss.workspace_id).update(deleted_at=long_ago)

    assert erase_due() == 1

    assert columns_with(MARKER) == {}
    assert not Membership.objects.filter(workspace=boss.workspace).exists()
    with pytest.raises(workspaces.NotRestorableError):
        workspaces.restore(user=User(is_staff=True, pk=0), workspace_id=boss.workspace_id, is_act_of_staff=True)


def test_the_customer_is_deleted_at_stripe_and_what_it_told_us_is_erased(db, synced):
    buyer = make_buyer(synced, MARKER)
    buyer.subscribe()
    customer_id = buyer.customer_id
    assert WebhookEvent.objects.filter(payload__icontains=MARKER).exists()
    told = {"data": {"object": {"id": "ch_1", "customer": customer_id, "name": "Ada of the harbor"}}}
    WebhookEvent.objects.create(stripe_id="evt_told", type="charge.updated", payload=told)
    leave_long_ago(buyer.user)

    assert erase_due() == 1
    assert columns_with("of the harbor") == {}
    buyer.hear()
    erasing.erase_late_events(now=timezone.now())

    assert columns_with(MARKER) == {}
    assert ask(lambda v1: v1.customers.retrieve(customer_id))["deleted"]
    assert Customer.objects.get().erased_at is not None
    assert LedgerEntry.objects.filter(account_id=buyer.workspace.pk, amount__gt=0).exists()
    assert not [told for told in WebhookEvent.objects.filter(status="failed")]


def test_while_stripe_is_away_nothing_is_half_forgotten(db, synced, monkeypatch):
    buyer = make_buyer(synced, MARKER)
    buyer.buy()
    leave_long_ago(buyer.user)

    with monkeypatch.context() as patch:
        patch.setattr("apps.billing.stripe_client.ask", raise_(StripeUnavailableError))
        assert erase_due() == 0
    buyer.user.refresh_from_db()
    assert (MARKER in buyer.user.email, buyer.user.is_active) == (True, False)

    assert erase_due() == 1
    assert columns_with(MARKER) == {}


def raise_(error):
    def call(*args, **more):
        raise error

    return call


def test_a_plan_ends_with_who_leaves_and_goes_on_with_who_stays(db, synced):
    buyer = make_buyer(synced)
    subscription = buyer.subscribe()
    page = proved(buyer.user).get(URL)
    leave(buyer.user)

    workspace_end.follow_people()
    subscription.refresh_from_db()
    assert "nothing more is charged" in page.text
    assert (subscription.ends_with_workspace, subscription.cancel_at) == (True, subscription.current_period_end)

    deletion.keep(user=buyer.user)
    workspace_end.follow_people()
    subscription.refresh_from_db()
    assert (subscription.ends_with_workspace, subscription.cancel_at) == (False, None)


def test_a_plan_that_was_canceled_before_stays_canceled(db, synced):
    buyer = make_buyer(synced)
    subscription = buyer.subscribe()
    ask(lambda v1: v1.subscriptions.update(subscription.stripe_id, {"cancel_at_period_end": True}))
    buyer.hear()
    leave(buyer.user)
    workspace_end.follow_people()

    deletion.keep(user=buyer.user)
    workspace_end.follow_people()

    subscription.refresh_from_db()
    assert subscription.cancel_at is not None
