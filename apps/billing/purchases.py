"""What has become of a purchase, for the page that people come back to from Stripe."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import structlog

from apps.billing import checkout
from apps.billing.catalogue import load_catalogue
from apps.billing.models import CheckoutSession, Payment, Subscription
from apps.core.errors import DomainError

logger = structlog.get_logger(__name__)


class Stage(StrEnum):
    """How far a purchase has come."""

    DONE = "done"
    TRIAL = "trial"
    CONFIRMING = "confirming"
    WITH_THE_BANK = "with_the_bank"
    NOT_PAID = "not_paid"
    FAILED = "failed"
    EXPIRED = "expired"


# Nothing more will come of these.
ENDS = frozenset({Stage.DONE, Stage.TRIAL, Stage.FAILED, Stage.EXPIRED})


@dataclass(frozen=True)
class Outcome:
    """A purchase as its page tells it; `payment` and `subscription` are there once we know them."""

    session: CheckoutSession
    stage: Stage
    name: str
    payment: Payment | None = None
    subscription: Subscription | None = None

    @property
    def is_news_due(self) -> bool:
        """Whether the page should look again by itself."""
        return self.stage == Stage.CONFIRMING

    @property
    def credits(self) -> int:
        """The credits that it brought; of a trial, those of the trial."""
        if self.stage != Stage.TRIAL:
            return self.session.credits
        plan = load_catalogue().find_plan(self.session.offer.partition(":")[0])
        return plan.trial.credits if plan and plan.trial else 0

    @property
    def expires_at(self) -> datetime | None:
        """When the credits of a pack expire; None is never."""
        entry = self.payment.grant_entry if self.payment else None
        return entry.grant.expires_at if entry and entry.grant else None


def find_session(*, workspace_id: UUID, session_id: UUID) -> CheckoutSession | None:
    """Return a checkout session of this workspace."""
    return CheckoutSession.objects.filter(workspace_id=workspace_id, pk=session_id).first()


def find_ended_session(*, workspace_id: UUID, idempotency_key: str) -> CheckoutSession | None:
    """Return the session that the same form has started before, if it was paid or has expired since."""
    sessions = CheckoutSession.objects.filter(workspace_id=workspace_id, idempotency_key=idempotency_key)
    return sessions.exclude(status=CheckoutSession.Status.OPEN).first()


def ask_stripe(session: CheckoutSession) -> bool:
    """Fetch what Stripe knows of a session now, outside of any transaction; return whether it could be asked.

    The webhook does the same: whoever comes first writes it, and the other finds it written.
    """
    if not session.stripe_id:
        return False
    try:
        checkout.sync_session(session.stripe_id)
    except DomainError as error:
        # The page goes on asking us; the webhook or the catch-up job brings the answer.
        logger.warning("checkout_session_not_synced", session_id=str(session.pk), error=str(error))
        return False
    return True


def look_up(session: CheckoutSession, *, is_fresh: bool) -> Outcome:
    """Return what has become of a session; `is_fresh`: Stripe was asked just now. One query."""
    if session.kind == CheckoutSession.Kind.PLAN:
        return _of_plan(session, is_fresh=is_fresh)
    payment = _find_payment(session)
    name = next((pack.name for pack in load_catalogue().packs if pack.slug == session.offer), session.offer)
    stage = Stage.DONE if payment else _stage_of_unpaid(session, is_fresh=is_fresh)
    return Outcome(session, stage, name, payment=payment)


def _of_plan(session: CheckoutSession, *, is_fresh: bool) -> Outcome:
    slug = session.offer.partition(":")[0]
    plan = load_catalogue().find_plan(slug)
    name = plan.name if plan else slug
    subscription = _find_subscription(session) if session.is_paid else None
    if subscription is None:
        return Outcome(session, _stage_of_unpaid(session, is_fresh=is_fresh), name)
    is_trial = subscription.status == Subscription.Status.TRIALING
    return Outcome(session, Stage.TRIAL if is_trial else Stage.DONE, name, subscription=subscription)


def _find_subscription(session: CheckoutSession) -> Subscription | None:
    """Return the subscription that a paid session has made: the first one that we heard of after it was opened."""
    later = Subscription.objects.filter(workspace_id=session.workspace_id, created_at__gte=session.created_at)
    return later.exclude(status=Subscription.Status.INCOMPLETE).order_by("created_at", "id").first()


def _stage_of_unpaid(session: CheckoutSession, *, is_fresh: bool) -> Stage:
    if session.status == CheckoutSession.Status.EXPIRED:
        return Stage.EXPIRED
    if session.has_failed:
        return Stage.FAILED
    if session.status == CheckoutSession.Status.COMPLETE:
        # Paid: what it brings is on its way to us. Not paid: a debit or a transfer, which takes its days.
        return Stage.CONFIRMING if session.is_paid else Stage.WITH_THE_BANK
    return Stage.NOT_PAID if is_fresh else Stage.CONFIRMING


def _find_payment(session: CheckoutSession) -> Payment | None:
    if not session.stripe_id:
        return None
    payments = Payment.objects.filter(workspace_id=session.workspace_id, source_key=f"checkout:{session.stripe_id}")
    return payments.select_related("grant_entry__grant").first()
