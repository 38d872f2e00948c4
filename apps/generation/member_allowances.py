"""What a member may use of the credits of their workspace in a day or a month (UTC), where its owners have set that.

Counted under the lock of their membership (`locking.lock_member`), which their other starts wait for: what is charged
in that time and what is held now, in one statement, so that a run which settles in between is counted once.
**Limit:** credits that staff give back later stay counted.
"""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from django.db.models import BigIntegerField, Case, F, Q, QuerySet, Sum, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import Membership
from apps.billing.models import Hold
from apps.billing.spending import month_start
from apps.core.errors import DomainError
from apps.generation.budget_use import RUN_MAX, day_of, midnight, seconds_until_midnight
from apps.generation.models import Generation


class AllowanceError(DomainError):
    """This run could go beyond what the person may use this month. The workspace may still have credits."""

    code: ClassVar[str] = "member_allowance"
    status: ClassVar[int] = 402
    is_daily: ClassVar[bool] = False

    def __init__(self, *, allowance: int, used: int, needed: int, retry_after_seconds: int | None = None) -> None:
        super().__init__(self.explain(allowance), retry_after_seconds=retry_after_seconds)
        self.allowance, self.used, self.needed = allowance, used, needed

    @property
    def left(self) -> int:
        """Credits that the person may still use in this month, or on this day."""
        return max(0, self.allowance - self.used)

    def explain(self, allowance: int) -> str:
        """Return the rule, and what helps."""
        rule = ngettext(
            "You may use %(credits)d credit of this workspace in a month, and this could go beyond that.",
            "You may use %(credits)d credits of this workspace in a month, and this could go beyond that.",
            allowance,
        )
        advice = _("An owner or admin can raise it under “Members”; a new month starts on the first (UTC).")
        return f"{rule % {'credits': allowance}} {advice}"


class DailyAllowanceError(AllowanceError):
    """This run could go beyond what the person may use today. There is more tomorrow."""

    code = "member_daily_allowance"
    status = 429
    is_daily = True

    def explain(self, allowance: int) -> str:
        """Return the rule, and what helps."""
        rule = ngettext(
            "You may use %(credits)d credit of this workspace in a day, and this could go beyond that.",
            "You may use %(credits)d credits of this workspace in a day, and this could go beyond that.",
            allowance,
        )
        advice = _("An owner or admin can raise it under “Members”; a new day begins at midnight UTC.")
        return f"{rule % {'credits': allowance}} {advice}"


def require_within(membership: Membership, *, needed: int, at: datetime) -> None:
    """Refuse a run that holds so many credits if it could go beyond a member's allowances.

    One query for each that they have, none for who has none. Raises AllowanceError or DailyAllowanceError.
    """
    workspace_id, user_id = membership.workspace_id, membership.user_id
    allowance, daily = membership.allowance_credits, membership.daily_allowance_credits
    if allowance is not None:
        used = count_used(workspace_id=workspace_id, user_id=user_id, at=at)
        if used + needed > allowance:
            raise AllowanceError(allowance=allowance, used=used, needed=needed)
    if daily is not None:
        used = count_used_today(workspace_id=workspace_id, user_id=user_id, at=at)
        if used + needed > daily:
            wait_seconds = seconds_until_midnight(at)
            raise DailyAllowanceError(allowance=daily, used=used, needed=needed, retry_after_seconds=wait_seconds)


def count_used(*, workspace_id: UUID, user_id: int, at: datetime) -> int:
    """Return the credits of a workspace that a person was charged in the month (UTC) of a moment, or holds now."""
    mine = counting(workspace_id, at=at).filter(user_id=user_id)
    return mine.aggregate(used=Sum(USED))["used"] or 0


def count_used_today(*, workspace_id: UUID, user_id: int, at: datetime) -> int:
    """Return the credits of a workspace that a person was charged on the day (UTC) of a moment, or holds now."""
    mine = _counting_since(midnight(day_of(at)), workspace_id=workspace_id).filter(user_id=user_id)
    return mine.aggregate(used=Sum(USED))["used"] or 0


def count_used_by_members(workspace_id: UUID, at: datetime) -> dict[int, int]:
    """Return what `count_used` does for each member, by the id of the person."""
    theirs = counting(workspace_id, at=at).filter(user__memberships__workspace_id=workspace_id)
    return dict(theirs.order_by().values_list("user_id").annotate(used=Sum(USED)))


USED = Case(
    When(hold__status=Hold.Status.OPEN, then=F("hold__amount")),
    default=F("charged_credits"),
    output_field=BigIntegerField(),
)


def counting(workspace_id: UUID, *, at: datetime) -> QuerySet[Generation]:
    """Return the runs of a workspace that were charged in the month (UTC) of a moment, or hold credits now."""
    return _counting_since(month_start(at.astimezone(UTC)), workspace_id=workspace_id)


def _counting_since(begin: datetime, *, workspace_id: UUID) -> QuerySet[Generation]:
    recent = Generation.objects.filter(workspace_id=workspace_id, created_at__gte=begin - RUN_MAX)
    return recent.filter(Q(hold__status=Hold.Status.OPEN) | Q(finished_at__gte=begin))
