"""The mails about money with sample data: what was bought, what failed, what becomes of a plan."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from apps.core import mail_rendering

PAID_AT = datetime(2026, 11, 3, 14, 5, tzinfo=UTC)
PERIOD_END = datetime(2026, 12, 3, 14, 5, tzinfo=UTC)
PACK = {"bought": "Credit pack", "credits": 21_000, "paid_at": PAID_AT}
PLAN = {"plan_name": "Pro", "price": "$49 a month", "period_ends_at": PERIOD_END, "trial_ends_at": None}
CAP = {"cap_credits": 100_000, "percent": 80, "spent_credits": 80_412}

QUOTA = {"label": "Tokens this month", "used": "412,068", "limit": "500,000", "plan_name": "Starter", "is_daily": False}


class BillingMail(NamedTuple):
    """A mail about money: the name of its template, when it is sent, and what it is given."""

    name: str
    when: str
    context: dict[str, Any]


def list_billing_mails() -> list[BillingMail]:
    """Return them in the order in which a customer would meet them."""
    pages = {
        "workspace_name": "Analytical Engines",
        "billing_url": mail_rendering.absolute_url("billing:overview"),
        "spending_url": mail_rendering.absolute_url("billing:spending"),
    }
    return [BillingMail(name, when, {**pages, **context}) for name, when, context in [*_paid(), *_plans(), *_caps()]]


def _paid() -> Iterator[tuple[str, str, dict[str, Any]]]:
    receipt_url = mail_rendering.absolute_url("billing:receipt", payment_id="01890000-0000-7000-8000-000000000000")
    yield "receipt", "Something was paid", PACK | {"amount": "$20", "receipt_url": receipt_url}
    failed = {"amount": "$49", "next_attempt_at": PAID_AT, "grace_ends_at": PERIOD_END}
    yield "payment_failed", "An invoice could not be collected", failed
    yield "purchase_failed", "A transfer for a pack did not arrive", {"amount": "$20", "credits": 21_000}
    yield "grace_ended", "The grace of an overdue plan is over", PLAN
    yield "credits_taken_back", "A payment was refunded or disputed", PACK | {"of_dispute": False}
    yield "credits_returned", "A dispute was won", PACK | {"of_dispute": True}


def _plans() -> Iterator[tuple[str, str, dict[str, Any]]]:
    yield "plan_started", "A plan starts", PLAN | {"trial_ends_at": PERIOD_END}
    yield "trial_ends", "A trial ends in three days", PLAN | {"trial_ends_at": PERIOD_END, "is_canceled": False}
    yield "plan_changed", "A plan is changed for another one", PLAN | {"plan_name_before": "Starter"}
    yield "plan_ending", "A plan is canceled", PLAN | {"moment": PERIOD_END}
    yield "plan_resumed", "A cancellation is taken back", PLAN
    yield "plan_ended", "A plan has ended", PLAN | {"moment": PERIOD_END}


def _caps() -> Iterator[tuple[str, str, dict[str, Any]]]:
    failed = {"amount": "$20", "credits": 21_000, "reason": "The card was declined."}
    yield "top_up_failed", "An auto top-up was refused", failed
    yield "top_ups_capped", "Auto top-ups have reached their cap", {"cap": "$100"}
    yield "spend_cap_near", "Most of the spend cap is used", CAP
    yield "quota_near", "Most of what a plan allows is used", QUOTA
    yield "spend_cap_reached", "The spend cap is reached", CAP | {"percent": 100, "spent_credits": 100_000}
