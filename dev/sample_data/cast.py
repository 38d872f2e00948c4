"""Makes the sample customers and everything they have."""

from datetime import UTC, datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.urls import get_resolver
from django.utils import timezone

from apps.accounts import consent, selectors
from apps.accounts.models import User, Workspace
from apps.accounts.services import create_personal_workspace
from apps.core.db import system_scope
from apps.generation import prompts, stream
from apps.generation.models import Attempt, Budget, Conversation, Generation
from apps.generation.stream import Entry
from apps.insights import rolling_up
from dev.sample_data import batches, month, sales, talks, team, texts
from dev.sample_data.people import BUSY, FRESH, FULL, NAMES, OWING, PASSWORD, PAYING, TEAMED
from dev.sample_data.run import Run

# Nobody's worker looks for a generation that is to be queued tomorrow.
NEVER_CLAIMED = datetime(2120, 1, 1, tzinfo=UTC)


def make_cast(*, full: str = FULL) -> dict[str, UUID]:
    """Make the customers unless they are there; return the ids of the generations to look at, by name.

    Called again it adds another month. Needs real commits, since the tables' owner sets dates back.
    """
    now = timezone.now()
    # Mails have links: the addresses are read now, not while a transaction waits.
    get_resolver().url_patterns  # noqa: B018
    _ensure_customer(FRESH)
    busy, busy_user = _ensure_customer(BUSY)
    workspace, user = _ensure_customer(full)
    month.grant_credits(workspace, until=now)
    ids = month.live_through(workspace, user=user, until=now)
    ids |= talks.make_talks(workspace, user=user, until=now)
    with system_scope():
        Generation.objects.filter(pk=ids["deleted"]).update(deleted_at=now)
        Generation.objects.filter(pk=ids["erased"]).update(inputs={}, output="", texts_erased_at=now)
        Conversation.objects.filter(generations=ids["erased"]).update(title="")
    month.date_back(workspace)
    _team_up(now)
    _set_budgets()
    ids |= _leave_in_the_middle(busy, user=busy_user) | _sell(now)
    rolling_up.roll_up(now=timezone.now())
    return ids


def _set_budgets() -> None:
    """Set budgets that nobody comes close to."""
    amounts = {(Budget.Scope.ALL, Budget.Period.DAY): 500, (Budget.Scope.USER, Budget.Period.MONTH): 50}
    with system_scope():
        for (scope, period), dollars in amounts.items():
            given = {"amount_usd_micros": dollars * 1_000_000}
            Budget.objects.get_or_create(scope=scope, subject="", period=period, defaults=given)


def _team_up(now: datetime) -> None:
    _workspace, owner = _ensure_customer(TEAMED)
    with system_scope():
        is_there = owner.workspaces.filter(name=team.NAME).exists()
    if not is_there:
        team.make_team(owner=owner, now=now)


def _sell(now: datetime) -> dict[str, UUID]:
    owing, _user = _ensure_customer(OWING)
    paying, user = _ensure_customer(PAYING)
    with system_scope():
        is_owing = owing.subscriptions.exists()
        paying.subscriptions.update(status="canceled")
    if not is_owing:
        sales.leave_unpaid(owing, now=now)
    return sales.sell_to(paying, user=user, now=now) | batches.make_batches(paying, user=user, now=now)


def _ensure_customer(email: str) -> tuple[Workspace, User]:
    user = User.objects.filter(email=email).first()
    if user is None:
        with system_scope():
            user = User.objects.create_user(email, PASSWORD, name=NAMES.get(email, ""))
            create_personal_workspace(user=user)
            address = EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
            email_confirmed.send(sender=EmailAddress, request=None, email_address=address)
    consent.give(user=user)
    workspace = selectors.find_personal_workspace(user)
    assert workspace is not None, f"{email} has no workspace"
    return workspace, user


def _leave_in_the_middle(workspace: Workspace, *, user: User) -> dict[str, UUID]:
    """Make generations that no worker will ever touch: one waits, one has no text yet, one is being written."""
    title, details = texts.TOPICS[0]
    run = Run(at=timezone.now(), template=prompts.list_templates()[0], title=title, details=details)
    queued = {"status": "queued", "started_at": None, "lease_expires_at": None, "created_at": NEVER_CLAIMED}
    waiting, streaming = (month.start(run, workspace=workspace, user=user) for _time in range(2))
    with system_scope():
        for generation in (waiting, streaming):
            Attempt.objects.create(generation=generation, number=1, provider="local", request_model=run.model)
    stream.append_all(
        [
            (waiting.pk, Entry(1, stream.OPENED, "")),
            (streaming.pk, Entry(1, stream.OPENED, "")),
            (streaming.pk, Entry(2, stream.DELTA, texts.STREAMED_SO_FAR)),
        ]
    )
    return {
        "queued": month.start(run, workspace=workspace, user=user, **queued).pk,
        "waiting": waiting.pk,
        "streaming": streaming.pk,
    }
