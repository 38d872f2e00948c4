"""What a member may use of the credits of their workspace in a month (UTC), where an owner or admin has set that.

Counted under the lock of their membership (`locking.lock_member`), which their other starts wait for: what is charged
this month and what is held now, in one statement, so that a run which settles in between is counted once.
**Limit:** credits that staff give back later stay counted.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import BigIntegerField, Case, F, Q, QuerySet, Sum, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import Membership
from apps.billing.models import Hold
from apps.billing.spending import month_start
from apps.core.errors import DomainError
from apps.generation.models import Generation

# No run lasts as long: what ends in a month began after this before it.
RUN_MAX = timedelta(days=1)


class AllowanceError(DomainError):
    """This run could go beyond what the person may use this month. The workspace may still have credits."""

    code = "member_allowance"
    status = 402

    def __init__(self, *, allowance: int, used: int, needed: int) -> None:
        rule = ngettext(
            "You may use %(credits)d credit of this workspace in a month, and this could go beyond that.",
            "You may use %(credits)d credits of this workspace in a month, and this could go beyond that.",
            allowance,
        )
        advice = _("An owner or admin can raise it under “Members”; a new month starts on the first (UTC).")
        super().__init__(f"{rule % {'credits': allowance}} {advice}")
        self.allowance, self.used, self.needed = allowance, used, needed

    @property
    def left(self) -> int:
        """Credits that the person may still use this month."""
        return max(0, self.allowance - self.used)


def require_within(membership: Membership, *, needed: int, at: datetime) -> None:
    """Raise AllowanceError if a run that holds so many credits could go beyond a member's allowance.

    One query for who has one, none for others.
    """
    allowance = membership.allowance_credits
    if allowance is None:
        return
    used = count_used(workspace_id=membership.workspace_id, user_id=membership.user_id, at=at)
    if used + needed > allowance:
        raise AllowanceError(allowance=allowance, used=used, needed=needed)


def count_used(*, workspace_id: UUID, user_id: int, at: datetime) -> int:
    """Return the credits of a workspace that a person was charged in the month (UTC) of a moment, or holds now."""
    mine = counting(workspace_id, at=at).filter(user_id=user_id)
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
    begin = month_start(at.astimezone(UTC))
    recent = Generation.objects.filter(workspace_id=workspace_id, created_at__gte=begin - RUN_MAX)
    return recent.filter(Q(hold__status=Hold.Status.OPEN) | Q(finished_at__gte=begin))
