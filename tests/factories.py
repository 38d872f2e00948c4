"""Rows for tests: each with everything it needs around it, and nothing that a test did not ask for."""

from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from apps.accounts import consent
from apps.accounts.models import Membership, User, Workspace
from apps.billing import ledger
from apps.billing.models import Hold
from apps.core.ids import uuid7
from apps.generation import prompts
from apps.generation.models import Conversation, Generation


class UserFactory(DjangoModelFactory):
    """A person who can log in."""

    class Meta:
        model = User

    email = factory.Sequence(lambda number: f"person-{number}@example.com")
    password = factory.django.Password("correct-horse-battery")
    consent_version = consent.VERSION


class WorkspaceFactory(DjangoModelFactory):
    """A personal workspace of nobody yet."""

    class Meta:
        model = Workspace

    name = "Test"


class MembershipFactory(DjangoModelFactory):
    """A person who owns a workspace."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    workspace = factory.SubFactory(WorkspaceFactory)
    role = Membership.Role.OWNER


class FundedMembershipFactory(MembershipFactory):
    """A person who owns a workspace with credits: a million of them, or as many as are asked for."""

    class Meta:
        skip_postgeneration_save = True

    @factory.post_generation
    def credits(self, create: bool, asked: int | None, **_more: Any) -> None:
        """Give the credits through the ledger, as only that may."""
        amount = 1_000_000 if asked is None else asked
        if amount:
            grant(self.workspace, amount_credits=amount)


class TeamFactory(WorkspaceFactory):
    """A team with seats for ten."""

    kind = Workspace.Kind.TEAM
    seat_limit = 10
    name = "North Sea Charts"


class TeamMembershipFactory(MembershipFactory):
    """A person who owns a team."""

    workspace = factory.SubFactory(TeamFactory)


class ConversationFactory(DjangoModelFactory):
    """A conversation without generations."""

    class Meta:
        model = Conversation

    workspace = factory.SubFactory(WorkspaceFactory)
    title = "Test"


class GenerationFactory(DjangoModelFactory):
    """A queued generation of a workspace's owner, with its hold: through the ledger, as only that may write one."""

    class Meta:
        model = Generation

    class Params:
        membership = factory.SubFactory(MembershipFactory)

    workspace = factory.SelfAttribute("membership.workspace")
    user = factory.SelfAttribute("membership.user")
    conversation = factory.SubFactory(ConversationFactory, workspace=factory.SelfAttribute("..workspace"))
    template_version = factory.LazyFunction(lambda: prompts.ensure_version(prompts.get_template("summary")))
    hold = factory.LazyAttribute(lambda made: place_hold(made.workspace))
    inputs = factory.LazyFunction(lambda: {"text": "word " * 25, "format": "Bullet points"})
    request_model = "keel-demo"
    output_tokens_max = 800
    idempotency_key = factory.LazyFunction(lambda: str(uuid7()))
    fingerprint = "0" * 64
    created_at = factory.LazyFunction(timezone.now)


def place_hold(workspace: Workspace, *, amount_credits: int = 10) -> Hold:
    """Give a workspace credits and hold them all."""
    grant(workspace, amount_credits=amount_credits)
    placed = ledger.place_hold(
        hold_id=uuid7(),
        workspace_id=workspace.pk,
        amount_credits=amount_credits,
        ttl_seconds=3600,
        idempotency_key=f"test:{uuid7()}",
    )
    return Hold.objects.get(pk=placed.id)


def grant(workspace: Workspace, *, amount_credits: int) -> None:
    """Give a workspace credits."""
    ledger.grant(
        workspace_id=workspace.pk, amount_credits=amount_credits, source="plan", idempotency_key=f"test:{uuid7()}"
    )
