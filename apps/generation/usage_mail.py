"""The mail after a month with usage: what a workspace used, for what, and how that compares with the month before.

Each person gets it once for a workspace and a month, whoever and however often this is done.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from apps.accounts.models import Membership, Workspace
from apps.billing.notices import list_told
from apps.core import mailing
from apps.core.db import system_scope
from apps.core.mail_rendering import absolute_url
from apps.core.models import OutgoingMail
from apps.generation.usage_address import days_of
from apps.generation.usage_names import name_groups
from apps.usage import breakdown
from apps.usage.breakdown import Grouping, Span
from apps.usage.models import DailyUsage

# A month that is over is told of in the first days of the next one, or not at all.
TOLD_UNTIL_DAY = 7
SLICE = 100
NAMED_MAX = 3
# The month that was begun, and the last workspace that was told. If it is lost, nobody gets a second mail.
READ_UNTIL = "generation.usage_mail.read_until"
FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)


def send_slice(*, now: datetime, slice_size: int = SLICE) -> bool:
    """Queue the mails of the next slice of workspaces about the month before; return whether more of them follow."""
    today = now.astimezone(UTC).date()
    if today.day > TOLD_UNTIL_DAY:
        return False
    first_day, last_day = days_of("last-month", today=today)
    month, after = cache.get(READ_UNTIL) or (first_day, FIRST)
    with system_scope():
        following = _list_workspaces(first_day, last_day, after=after if month == first_day else FIRST)
        workspaces = list(following[:slice_size])
    for workspace in workspaces:
        with system_scope():
            send_summary(workspace, first_day=first_day, last_day=last_day)
    is_full = len(workspaces) == slice_size
    cache.set(READ_UNTIL, (first_day, workspaces[-1].pk if is_full else LAST), timeout=None)
    return is_full


def send_summary(workspace: Workspace, *, first_day: date, last_day: date) -> int:
    """Queue one workspace's mails about a month to those who have none yet; return how many. Within a scope."""
    people = {
        f"usage-summary:{first_day:%Y-%m}:{workspace.pk}:{member.user_id}": member.user.email
        for member in list_told(workspace.pk).filter(user__wants_usage_summary_mail=True)
    }
    known = set(OutgoingMail.objects.filter(key__in=people).values_list("key", flat=True))
    if people.keys() == known:
        return 0
    context = summarize(workspace, first_day=first_day, last_day=last_day)
    for key in people.keys() - known:
        mailing.send(key=key, to=people[key], template="mail/usage_summary.html", **context)
    return len(people.keys() - known)


def summarize(workspace: Workspace, *, first_day: date, last_day: date) -> dict[str, Any]:
    """Return what the mail says of a month."""
    span = Span(workspace.pk, first_day, last_day)
    before = breakdown.sum_span(Span(workspace.pk, *days_of("last-month", today=first_day)))
    total = breakdown.sum_span(span)
    return {
        "workspace_name": workspace.name,
        "month": first_day,
        "total": total,
        "before": before,
        "change_percent": _percent(total.charged_credits, before=before.charged_credits),
        "templates": list(_largest(span, by=Grouping.TEMPLATE)),
        "models": list(_largest(span, by=Grouping.MODEL)),
        "usage_url": f"{absolute_url('usage:overview')}?since={first_day}&until={last_day}",
    }


def _list_workspaces(first_day: date, last_day: date, *, after: UUID) -> QuerySet[Workspace]:
    usage = DailyUsage.objects.filter(workspace_id=OuterRef("pk"), day__gte=first_day, day__lte=last_day)
    wanting = Membership.objects.filter(workspace_id=OuterRef("pk"), user__wants_usage_summary_mail=True)
    found = Workspace.objects.filter(Exists(usage), Exists(wanting), deleted_at=None, pk__gt=after)
    return found.order_by("pk")


def _largest(span: Span, *, by: Grouping) -> Iterable[tuple[str, int]]:
    """Yield the names and credits of the groups that used most, and of the others together."""
    credits = {group: measures.charged_credits for group, measures in breakdown.sum_groups(span, by=by).items()}
    names = name_groups(by=by, groups=credits)
    ordered = sorted(credits, key=lambda group: (-credits[group], names[group]))
    yield from ((names[group], credits[group]) for group in ordered[:NAMED_MAX])
    if others := sum(credits[group] for group in ordered[NAMED_MAX:]):
        yield _("Others"), others


def _percent(credits: int, *, before: int) -> int | None:
    return round((credits - before) * 100 / before) if before else None
