"""What is likely to be used until the period ends: the pace of the last full days, kept up for the rest of it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from apps.billing import selectors as billing
from apps.billing.entitlements import Standing, entitlements
from apps.billing.models import SpendingRules
from apps.billing.spending import count_spent, month_start
from apps.billing.summary import next_allowance_day
from apps.usage.selectors import sum_credits

# The days whose mean is the pace: whole ones before today, in UTC, those without usage too.
PACE_DAYS = 7
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Forecast:
    """Credits of a period: used so far, likely at its end, and what there is to pay for it."""

    first_day: date
    ends_at: datetime
    is_billing_period: bool
    used: int
    # Of the last full days together.
    lately: int
    seconds_left: int
    available: int
    cap: int | None
    # Captured this month and held now, which is what the cap counts.
    capped: int
    seconds_left_in_month: int

    @property
    def per_day(self) -> int:
        """The pace, rounded to a whole credit."""
        return round(self.lately / PACE_DAYS)

    @property
    def to_come(self) -> int:
        """What the rest of the period is likely to use, rounded up."""
        return self._at_this_pace(self.seconds_left)

    @property
    def expected(self) -> int:
        """What the whole period is likely to use."""
        return self.used + self.to_come

    @property
    def is_short(self) -> bool:
        """Whether the balance is likely not to suffice."""
        return self.to_come > self.available

    @property
    def lasts_days(self) -> int | None:
        """For how many whole days the balance suffices at this pace; None where nothing was used lately."""
        return self.available * PACE_DAYS // self.lately if self.lately else None

    @property
    def expected_of_cap(self) -> int:
        """What the month that the cap is for is likely to use."""
        return self.capped + self._at_this_pace(self.seconds_left_in_month)

    @property
    def cap_percent(self) -> int:
        """How much of the cap is used, from 0 to 100."""
        return min(100, self.capped * 100 // self.cap) if self.cap else 100

    @property
    def is_beyond_cap(self) -> bool:
        """Whether the cap is likely to be reached before the month ends."""
        return self.cap is not None and self.expected_of_cap > self.cap

    def _at_this_pace(self, seconds: int) -> int:
        return -(-self.lately * seconds // (PACE_DAYS * DAY_SECONDS))


def make_forecast(workspace_id: UUID, *, at: datetime) -> Forecast:
    """Return the forecast for the billing period, or without a plan for the month (UTC). Six queries, in a scope."""
    today, month_ends = at.astimezone(UTC).date(), _midnight(next_allowance_day(at))
    begins, ends = _period(workspace_id, at=at) or (month_start(at), month_ends)
    first_day = begins.astimezone(UTC).date()
    rules = SpendingRules.objects.filter(pk=workspace_id).only("monthly_cap_credits").first()
    return Forecast(
        first_day=first_day,
        ends_at=ends,
        is_billing_period=ends != month_ends or begins != month_start(at),
        used=sum_credits(workspace_id=workspace_id, first_day=first_day, last_day=today),
        lately=sum_credits(
            workspace_id=workspace_id,
            first_day=today - timedelta(days=PACE_DAYS),
            last_day=today - timedelta(days=1),
        ),
        seconds_left=int((ends - at).total_seconds()),
        available=billing.get_balance(workspace_id).available,
        cap=rules.monthly_cap_credits if rules else None,
        capped=sum(count_spent(workspace_id, at=at)),
        seconds_left_in_month=int((month_ends - at).total_seconds()),
    )


def _period(workspace_id: UUID, *, at: datetime) -> tuple[datetime, datetime] | None:
    """Return the billing period that a moment lies in; None without a plan, or where its next one is not known yet."""
    held = entitlements(workspace_id, at=at)
    if held.subscription is None or held.standing in {Standing.FREE, Standing.OVERDUE}:
        return None
    begins, ends = held.subscription.current_period_start, held.subscription.current_period_end
    return (begins, ends) if begins <= at < ends else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
