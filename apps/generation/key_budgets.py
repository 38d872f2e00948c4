"""What the runs of one API key may use of their workspace's credits in a month (UTC), where its maker has set that.

Counted as a member's allowance is (member_allowances.py), and under the same lock: whoever starts runs with a key does
so as the person who made it, and one start of a person waits for the other.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import ApiKey
from apps.core.errors import DomainError
from apps.generation.member_allowances import USED, counting


class KeyBudgetError(DomainError):
    """This run could go beyond what the key may use this month. The workspace may still have credits."""

    code = "api_key_budget"
    status = 402

    def __init__(self, *, budget: int) -> None:
        rule = ngettext(
            "This API key may use %(credits)d credit in a month, and this could go beyond that.",
            "This API key may use %(credits)d credits in a month, and this could go beyond that.",
            budget,
        )
        advice = _("A new month starts on the first (UTC); a key with another budget can be made at any time.")
        super().__init__(f"{rule % {'credits': budget}} {advice}")


def require_within(key: ApiKey | None, *, needed: int, at: datetime) -> None:
    """Raise KeyBudgetError if a run that holds so many credits could go beyond a key's budget.

    One query for a key that has one, none for others. Under the lock of its maker's membership.
    """
    if key is None or key.budget_credits is None:
        return
    used = count_used_by_keys(key.workspace_id, at=at).get(key.pk, 0)
    if used + needed > key.budget_credits:
        raise KeyBudgetError(budget=key.budget_credits)


def count_used_by_keys(workspace_id: UUID, *, at: datetime) -> dict[UUID, int]:
    """Return what the runs of each key were charged in the month (UTC) of a moment, or hold now, by its id."""
    started = counting(workspace_id, at=at).filter(api_key__isnull=False)
    return dict(started.order_by().values_list("api_key").annotate(used=Sum(USED)))
