"""The first team with a row of everything, marked; everybody who knocks; and the ids that they ask with."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.test import Client
from django.utils import timezone

from apps.accounts import access, api_keys, consent
from apps.accounts.models import ApiKey, DataExport, Invitation, Membership, User, WaitlistEntry, Workspace
from apps.billing import ledger
from apps.billing.models import (
    CheckoutSession,
    CreditGrant,
    Customer,
    LedgerEntry,
    OverageReport,
    Reconciliation,
    SpendingRules,
    TopUp,
    WebhookEvent,
)
from apps.core import audit
from apps.core.models import Alert, OutgoingMail
from apps.generation import prompts
from apps.generation.models import Attempt, Batch, BatchRow, Budget, Flag, Generation, ShareLink, Switch
from apps.pages.models import ContactMessage, Notice
from apps.usage.models import COUNTS, DailyTotal, DailyUsage, UsageRecord
from dev.sample_data import month
from tests.access.askers import AT_THE_API, BY_NAME, Asker, Mark
from tests.accounts.conftest import PASSWORD
from tests.accounts.device import Device
from tests.accounts.test_staff_roles import staff
from tests.billing_pages.plans import invoice, pay, subscribe
from tests.factories import GenerationFactory, MembershipFactory, TeamFactory, UserFactory, grant

# Where passkeys may be made without TLS.
HOST = "localhost"
PASSKEYS = "/accounts/passkeys/new/"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class World:
    """Who there is, with their browsers and keys, and what they ask about: ids by the names of parameters."""

    team: Workspace
    people: dict[str, User]
    browsers: dict[str, Client] = field(default_factory=dict)
    callers: dict[tuple[str, bool], Any] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    # One row of each model that the admin shows, by label.
    rows: dict[str, Any] = field(default_factory=dict)

    def ids_of(self, asker: Asker) -> dict[str, str]:
        """Return the ids that somebody asks with."""
        return self.ids[asker.asks_about]


def make_world() -> World:
    """Make everything; the caller takes it back."""
    team = TeamFactory(name=f"{Mark.NAME} charts")
    people = {role: _join(team, role) for role in ("owner", "admin", "member", "billing", "suspended", "ex-member")}
    for name in ("owner of another workspace", "ex-member", "owner of a deleted team"):
        people[name] = MembershipFactory(user=people.get(name) or UserFactory()).user
    world = World(team, people)
    for role in ("", "support", "finance", "operator", "superuser"):
        world.people[role or "staff without a role"] = _hire(role)
    _fill(world)
    _give_keys(world)
    world.ids["deleted"] = world.ids["team"] | _deleted_team(world)
    for name in [asker.name for asker in AT_THE_API if not asker.is_key]:
        world.browsers[name] = _browser(world, name)
    _let_go(world)
    _add_passkey(world)
    # Noted once a minute at most; so the requests of these keys write nothing for a while.
    ApiKey.objects.update(last_used_at=timezone.now() + timedelta(days=1))
    return world


def _join(team: Workspace, role: str) -> User:
    """Put somebody into the team; those who leave it have no mark on themselves, since they know their own names."""
    leaves = role in {"suspended", "ex-member"}
    named = "leaver" if leaves else Mark.NAME
    user = UserFactory(email=f"{named}-{role}@example.com", name=f"{named} {role}")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    MembershipFactory(workspace=team, user=user, role="member" if leaves else role)
    return user


def _hire(role: str) -> User:
    """Return a member of staff who can prove who they are, and has a workspace as everybody has."""
    user = staff(role)
    user.consent_version = consent.VERSION
    user.set_password(PASSWORD)
    user.save()
    MembershipFactory(user=user)
    return user


def _fill(world: World) -> None:
    team, owner, ids = world.team, world.people["owner"], world.ids.setdefault("team", {})
    grant(team, amount_credits=100_000)
    noted = ledger.grant(
        workspace_id=team.pk, amount_credits=500, source="promotion", idempotency_key="n", note=f"{Mark.LEDGER} note"
    )
    done = _finished_generation(team, owner)
    waiting = GenerationFactory(
        membership=Membership.objects.get(workspace=team, user=owner),
        inputs={"text": f"{Mark.TEXT} " * 25, "format": "Bullet points"},
    )
    world.rows |= _sold(team, owner, entry=LedgerEntry.objects.get(pk=noted.id))
    world.rows |= _written(owner, team=team) | _connected(world.people["suspended"])
    world.rows |= {
        "generation.generation": done,
        "generation.attempt": Attempt.objects.get(generation=done),
        "generation.prompttemplateversion": done.template_version,
        "accounts.workspace": team,
        "accounts.user": owner,
        "accounts.membership": Membership.objects.get(workspace=team, user=world.people["member"]),
        "auth.group": Group.objects.get(name="support"),
        "account.emailaddress": EmailAddress.objects.get(user=owner),
    }
    ids |= _ids_of(world.rows) | {
        "running_id": str(waiting.pk),
        "before": str(LedgerEntry.objects.filter(account=team.pk).count() + 1),
        "slug": _made_export(owner).slug,
        **{name: str(value) for name, value in _ids_around(done).items()},
        "batch_id": str(_uploaded(team, owner).pk),
        "newest": "ffffffff-ffff-7fff-bfff-ffffffffffff",
    }


def _finished_generation(team: Workspace, owner: User) -> Generation:
    run = month.Run(
        at=timezone.now() - timedelta(minutes=5),
        template=prompts.get_template("summary"),
        title=f"{Mark.TEXT} title",
        details=f"{Mark.TEXT} details",
        output=f"{Mark.TEXT} answer",
    )
    return Generation.objects.get(pk=month.make_run(run, workspace=team, user=owner))


def _uploaded(team: Workspace, owner: User) -> Batch:
    """A batch with a row that waits, and one that is left out."""
    batch = Batch.objects.create(
        workspace=team,
        user=owner,
        runs_as=owner,
        template_version=prompts.ensure_version(prompts.get_template("summary")),
        request_model="keel-demo",
        file_name=f"{Mark.TEXT}.csv",
        delimiter=",",
        columns=["text", "format"],
        positions={"text": 0, "format": 1},
        row_count=2,
        invalid_count=1,
    )
    row = {"workspace": team, "batch": batch, "cells": [f"{Mark.TEXT} " * 25, "Bullet points"]}
    BatchRow.objects.create(number=1, line=2, credits_max=5, **row)
    BatchRow.objects.create(number=2, line=3, status="invalid", problem=f"{Mark.TEXT} problem", **row)
    return batch


def _sold(team: Workspace, owner: User, *, entry: LedgerEntry) -> dict[str, Any]:
    """Everything of billing and of the meter; a link to Stripe's page of an open purchase lets anybody pay it."""
    now = timezone.now()
    session = CheckoutSession.objects.create(
        workspace=team,
        user=owner,
        idempotency_key="c",
        kind="pack",
        offer="small",
        price_amount=500,
        currency="usd",
        credits=5_000,
        stripe_id="cs_1",
        url=f"https://pay.example/{Mark.SECRET}",
        is_paid=True,
        status="complete",
    )
    bought = pay(team, receipt_url=f"https://pay.example/{Mark.MONEY}")
    return {
        "billing.creditaccount": team.credit_account,
        "billing.creditgrant": CreditGrant.objects.filter(account=team.pk).first(),
        "billing.hold": Generation.objects.filter(workspace=team).first().hold,
        "billing.ledgerentry": entry,
        "billing.checkoutsession": session,
        "billing.customer": Customer.objects.create(workspace=team, stripe_id="cus_1"),
        "billing.invoice": invoice(team, number=f"{Mark.MONEY}-1"),
        "billing.overagereport": OverageReport.objects.create(
            entry=entry, workspace=team, stripe_subscription_id="sub_1", period_start=now, credits=1
        ),
        "billing.payment": bought,
        "billing.reconciliation": Reconciliation.objects.create(since=EPOCH, until=now, checked=0),
        "billing.spendingrules": SpendingRules.objects.create(workspace=team),
        "billing.subscription": subscribe(team),
        "billing.topup": TopUp.objects.create(
            workspace=team, pack="small", price_amount=500, currency="usd", credits=1, status="failed", ended_at=now
        ),
        "billing.webhookevent": WebhookEvent.objects.create(stripe_id="evt_1", type="t", payload={}, status="failed"),
        "usage.usagerecord": UsageRecord.objects.filter(workspace=team).first(),
        "usage.dailyusage": DailyUsage.objects.filter(workspace=team).first(),
        "usage.dailytotal": DailyTotal.objects.create(day=now.date(), model="keel-demo", **dict.fromkeys(COUNTS, 1)),
    }


def _written(owner: User, *, team: Workspace) -> dict[str, Any]:
    """What people and programs left behind: invitations, letters, mails, acts, sessions and connections."""
    now, secret = timezone.now(), f"{Mark.SECRET}-{uuid.uuid4().hex}"
    subject = f"workspace:{team.pk}"
    return {
        "accounts.invitation": Invitation.objects.create(
            workspace=team,
            email=f"{Mark.NAME}-guest@example.com",
            digest=secret,
            invited_by=owner,
            sent_at=now - timedelta(hours=1),
            expires_at=now + timedelta(days=7),
        ),
        "accounts.waitlistentry": WaitlistEntry.objects.create(
            email="waiting@example.com", digest=uuid.uuid4().hex, mailed_at=now
        ),
        "core.auditentry": audit.record(
            actor=f"user:{owner.pk}", action="workspace_renamed", subject=subject, name=f"{Mark.AUDIT} name"
        ),
        "core.alert": Alert.objects.create(kind="dear_day", window="day", sentence="Dear."),
        "core.outgoingmail": OutgoingMail.objects.create(
            key="m", to=owner.email, subject="Hi", text=secret, html=secret
        ),
        "generation.budget": Budget.objects.create(scope="all", amount_usd_micros=10**12),
        "generation.flag": Flag.objects.create(name="rollout:template:nothing"),
        "generation.switch": Switch.objects.create(name="stop:template:nothing", reason="Over", active=False),
        "pages.contactmessage": ContactMessage.objects.create(
            user=owner,
            topic="other",
            reply_to="writer@example.com",
            message=f"{Mark.LETTER} letter",
            idempotency_key=uuid.uuid4(),
        ),
        "pages.notice": Notice.objects.create(message="Over", starts_at=EPOCH, ends_at=EPOCH + timedelta(days=1)),
        "usersessions.usersession": UserSession.objects.create(
            user=owner, session_key=secret[:40], ip="192.0.2.7", user_agent="Firefox"
        ),
    }


def _made_export(owner: User) -> DataExport:
    now = timezone.now()
    return DataExport.objects.create(
        user=owner,
        slug="what-a-browser-asks-for-is-in-its-own-hands",
        status=DataExport.Status.READY,
        created_at=now,
        claimed_until=now,
        finished_at=now,
        expires_at=now + timedelta(days=7),
    )


def _connected(user: User) -> dict[str, Any]:
    account = SocialAccount.objects.create(
        user=user, provider="github", uid="7", extra_data={"token": f"{Mark.SECRET} token"}
    )
    return {"socialaccount.socialaccount": account}


def _ids_of(rows: dict[str, Any]) -> dict[str, str]:
    """Return the ids of rows by the names that addresses give them."""
    named = {
        "generation_id": "generation.generation",
        "version_id": "generation.prompttemplateversion",
        "session_id": "billing.checkoutsession",
        "login_session_id": "usersessions.usersession",
        "payment_id": "billing.payment",
        "invitation_id": "accounts.invitation",
        "membership_id": "accounts.membership",
        "workspace_id": "accounts.workspace",
        "deleted_id": "accounts.workspace",
        "user_id": "accounts.user",
        "id": "accounts.user",
        "event_id": "billing.webhookevent",
        "reconciliation_id": "billing.reconciliation",
    }
    return {name: str(rows[label].pk) for name, label in named.items()} | {
        "app_label": "billing",
        "content_type_id": str(ContentType.objects.get_for_model(Generation).pk),
    }


def _give_keys(world: World) -> None:
    """Make a key for each of those who ask with one."""
    people, team_id = world.people, world.team.pk
    theirs = people["owner of another workspace"].workspaces.get().pk
    places = {"key of another workspace": ("owner of another workspace", theirs)}
    places |= {"key of an ex-member": ("ex-member", team_id), "key of a suspended person": ("suspended", team_id)}
    for asker in [one for one in AT_THE_API if one.is_key and one.asks_about == "team"]:
        person, workspace_id = places.get(asker.name, ("owner", team_id))
        named = f"{Mark.NAME} key" if workspace_id == team_id else "theirs"
        world.tokens[asker.name] = _new_key(people[person], workspace_id, scopes=asker.scopes, name=named)
    ApiKey.objects.filter(prefix=_prefix(world.tokens["revoked key"])).update(revoked_at=timezone.now())
    shown = ApiKey.objects.get(prefix=_prefix(world.tokens["key"]))
    world.rows["accounts.apikey"] = shown
    world.ids["team"]["key_id"] = str(shown.pk)


def _new_key(user: User, workspace_id: uuid.UUID, *, scopes: frozenset[str] | None, **more: Any) -> str:
    made = api_keys.create_key(
        user=user,
        workspace_id=workspace_id,
        scopes=scopes or frozenset(),
        idempotency_key=str(uuid.uuid4()),
        actor="",
        requests_per_minute=600,
        needs_plan=False,
        **more,
    )
    return made.token


def _prefix(token: str) -> str:
    return token.split("_")[1]


def _deleted_team(world: World) -> dict[str, str]:
    """Make a team of the past, as full of marks; return its ids."""
    gone = TeamFactory(name=f"{Mark.NAME} of the past")
    owner = MembershipFactory(workspace=gone, user=world.people["owner of a deleted team"])
    text = f"{Mark.TEXT} " * 25
    generation = GenerationFactory(membership=owner, inputs={"text": text, "format": "Bullet points"})
    bought = pay(gone, receipt_url=f"https://pay.example/{Mark.MONEY}")
    asker = BY_NAME["key of a deleted team"]
    world.tokens[asker.name] = _new_key(owner.user, gone.pk, scopes=asker.scopes, name=f"{Mark.NAME} key")
    key = ApiKey.objects.get(workspace=gone)
    Workspace.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    ids: dict[str, Any] = {
        "batch_id": _uploaded(gone, owner.user).pk,
        "generation_id": generation.pk,
        "running_id": generation.pk,
        "payment_id": bought.pk,
        "key_id": key.pk,
    }
    ids |= _ids_around(generation)
    ids |= {"workspace_id": gone.pk, "deleted_id": gone.pk, "membership_id": owner.pk}
    return {name: str(value) for name, value in ids.items()}


def _ids_around(generation: Generation) -> dict[str, Any]:
    """Share a generation; return the ids of what it belongs to, and of its link."""
    link = ShareLink.objects.create(
        workspace_id=generation.workspace_id,
        generation=generation,
        created_by=generation.user,
        digest=uuid.uuid4().hex,
    )
    return {"conversation_id": generation.conversation_id, "link_id": link.pk}


def _browser(world: World, name: str) -> Client:
    """A browser in which somebody is logged in and has just proved who they are."""
    browser = Client(SERVER_NAME=HOST, raise_request_exception=False)
    user = world.people.get(name)
    if user is not None:
        browser.force_login(user)
        browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
        session = browser.session
        # What their browser remembers of the time when they still were in the team.
        session[access.CHOSEN] = str(world.team.pk)
        session.save()
    return browser


def _let_go(world: World) -> None:
    """Suspend one, take another one out of the team, and let a key expire: all of them came in before."""
    now = timezone.now()
    gone = world.people["ex-member"]
    Membership.objects.filter(workspace=world.team, user=gone).delete()
    User.objects.filter(pk=world.people["suspended"].pk).update(is_active=False, suspended_at=now)
    owner, team_id = world.people["owner"], world.team.pk
    past = now - timedelta(seconds=1)
    scopes = BY_NAME["expired key"].scopes
    world.tokens["expired key"] = _new_key(owner, team_id, scopes=scopes, name="old", expires_at=past)


def _add_passkey(world: World) -> None:
    """Give the owner a passkey, as a browser does."""
    browser = world.browsers["owner"]
    options = browser.get(PASSKEYS).context["js_data"]["creation_options"]
    sent = json.loads(json.dumps(options, cls=DjangoJSONEncoder))
    answer = browser.post(PASSKEYS, {"credential": Device().create(sent)})
    assert answer.status_code == 302, answer.status_code
    passkey = Authenticator.objects.get(user=world.people["owner"], type=Authenticator.Type.WEBAUTHN)
    world.rows["mfa.authenticator"] = passkey
    world.ids["team"]["pk"] = world.ids["deleted"]["pk"] = str(passkey.pk)
