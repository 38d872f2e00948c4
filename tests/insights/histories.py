"""Histories at random, lived through the product's own services, with what each run really took from each grant."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import time_machine
from django.utils import timezone

from apps.accounts.models import Membership
from apps.billing import ledger
from apps.billing.models import CreditAccount, CreditGrant, LedgerEntry, Payment
from apps.billing.payments import record_payment
from apps.core.ids import uuid7
from apps.generation import leases, prompts, settling
from apps.generation.models import Attempt, Generation
from apps.generation.outcomes import AttemptOutcome, RunOutcome
from apps.usage import rates
from apps.usage.rating import Confidence, TokenCount
from tests.factories import GenerationFactory, MembershipFactory, TeamMembershipFactory

MODELS = ("keel-demo", "gpt-4o-mini", "gpt-4.1-mini")
ENDS = ("succeeded", "succeeded", "succeeded", "canceled", "stopped", "failed")
GIVEN = ("sign_up", "plan", "promotion", "staff")


@dataclass
class History:
    """Who lived, and how many credits nobody had bought each generation took: read off the grants before and after."""

    random: Random
    members: list[Membership] = field(default_factory=list)
    free: Counter[Any] = field(default_factory=Counter)
    bought_grants: set[Any] = field(default_factory=set)

    def live(self, *, steps: int, start: datetime, end: datetime) -> None:
        """Let so many things happen, in order, between two moments."""
        for number in range(steps):
            at = start + (end - start) * number / steps
            step = self.random.choices([self.run, self.be_given, self.pay, self.give_back], [8, 2, 2, 2])[0]
            with time_machine.travel(at):
                step(self.random.choice(self.members))

    def run(self, member: Membership) -> None:
        """Generate: several attempts, with several models; or an answer that was given before."""
        if ledger_debt(member):
            return
        amount = self.random.randint(0, ledger_available(member) // 2)
        hold = ledger.place_hold(
            workspace_id=member.workspace_id, amount_credits=amount, ttl_seconds=3600, idempotency_key=str(uuid7())
        )
        versions = [prompts.ensure_version(prompts.get_template(slug)) for slug in ("summary", "task-list")]
        generation = GenerationFactory(
            membership=member,
            hold_id=hold.id,
            hold=None,
            template_version=self.random.choice(versions),
            request_model=self.random.choice(MODELS),
            created_at=timezone.now(),
        )
        before = self._left(member)
        if self.random.random() < 0.1:
            self._answer_again(generation, amount=amount)
        else:
            self._settle(generation)
        for grant_id, left in before.items():
            if grant_id not in self.bought_grants:
                self.free[generation.pk] += left - self._left(member)[grant_id]

    def be_given(self, member: Membership) -> None:
        """Get credits that nobody bought, some of which expire."""
        expires_at = self.random.choice([None, datetime.now(UTC) + timedelta(days=self.random.randint(400, 900))])
        ledger.grant(
            workspace_id=member.workspace_id,
            amount_credits=self.random.randint(1, 60),
            source=self.random.choice(GIVEN),
            expires_at=expires_at,
            idempotency_key=str(uuid7()),
        )

    def pay(self, member: Membership) -> None:
        """Buy a pack or a plan, perhaps for nothing: then nobody has bought its credits."""
        amount = self.random.choice([0, 500, 1200, 4900])
        payment = record_payment(
            workspace_id=member.workspace_id,
            kind="plan",
            source_key=str(uuid7()),
            stripe_payment_intent_id=str(uuid7()) if amount else None,
            amount=amount,
            currency=self.random.choice(["usd", "usd", "eur"]),
            credits=self.random.randint(1, 60),
            expires_at=datetime.now(UTC) + timedelta(days=self.random.randint(400, 900)),
            paid_at=timezone.now(),
        )
        if amount:
            self.bought_grants.add(LedgerEntry.objects.get(pk=payment.grant_entry_id).grant_id)

    def give_back(self, member: Membership) -> None:
        """Refund or dispute a part of an earlier payment, or take credits away."""
        payment = Payment.objects.filter(workspace_id=member.workspace_id, amount__gt=0).order_by("?").first()
        if payment is not None:
            payment.amount_refunded = self.random.randint(0, payment.amount)
            payment.amount_disputed = self.random.choice([0, payment.amount])
            payment.save()
        ledger.adjust(
            workspace_id=member.workspace_id,
            amount_credits=-self.random.randint(1, 20),
            idempotency_key=str(uuid7()),
            actor="staff",
            note="A correction",
            allow_debt=True,
        )

    def _left(self, member: Membership) -> dict[Any, int]:
        return dict(CreditGrant.objects.filter(account_id=member.workspace_id).values_list("pk", "remaining"))

    def _answer_again(self, generation: Generation, *, amount: int) -> None:
        charged = min(amount, 2)
        Generation.objects.filter(pk=generation.pk).update(
            status="succeeded", finish_reason="stop", finished_at=timezone.now(), charged_credits=charged
        )
        generation.refresh_from_db()
        if charged:
            rate = rates.find_rate(model=generation.request_model, on=timezone.now().date())
            settling.settle_cached(generation, rate=rate)

    def _settle(self, generation: Generation) -> None:
        lease = leases.claim(generation.pk)
        assert lease is not None
        how = self.random.choice(ENDS)
        status = "canceled" if how == "stopped" else how
        text = "" if how == "canceled" else "Some text."
        attempts = tuple(self._attempt(generation, number) for number in range(1, self.random.randint(2, 4)))
        code = "idle_timeout" if status == "failed" else ""
        assert settling.settle(lease, RunOutcome(status, text, attempts, "stop", code))

    def _attempt(self, generation: Generation, number: int) -> AttemptOutcome:
        model = self.random.choice(MODELS)
        row = Attempt.objects.create(
            id=uuid7(), generation=generation, number=number, provider="openai", request_model=model
        )
        tokens = TokenCount(self.random.randint(0, 9_000), self.random.randint(0, 9_000), 0, Confidence.EXACT)
        return AttemptOutcome(row.pk, "openai", model, status="succeeded", tokens=tokens)


def history(seed: int) -> History:
    """Three people, two of them in one team, and one of them with a workspace of their own, too."""
    lived = History(Random(seed))
    owner, alone = TeamMembershipFactory(), MembershipFactory()
    colleague = MembershipFactory(workspace=owner.workspace, role=Membership.Role.MEMBER)
    lived.members = [owner, colleague, alone, MembershipFactory(user=colleague.user)]
    for member in lived.members:
        lived.be_given(member)
    return lived


def ledger_available(member: Membership) -> int:
    """Credits that the member's workspace may spend."""
    return CreditAccount.objects.get(pk=member.workspace_id).available


def ledger_debt(member: Membership) -> int:
    """Credits that the member's workspace owes: nothing runs until they are paid."""
    return CreditAccount.objects.get(pk=member.workspace_id).debt
