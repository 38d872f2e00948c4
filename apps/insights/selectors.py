"""Reads of the cost pages: a page of a month's table is the top of an index, whatever it is sorted by."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum

from apps.accounts.models import Membership, User
from apps.core.admin import find_uuid
from apps.insights.models import COLUMNS, SORTED, CostProgress, MonthRevenue, UserMonth, VersionCost, WorkspaceMonth
from apps.insights.revenue import month_before

PAGE_SIZE = 50
# A search stops here, newest first: the beginning of an address that names more is no search.
FOUND_MAX = 200
MONTHS_SHOWN = 12


class Place(NamedTuple):
    """Where a page begins: after the row with this value in the column sorted by, and this id."""

    value: int
    id: int

    def __str__(self) -> str:
        return f"{self.value}_{self.id}"


class CostPage(NamedTuple):
    """Rows of a month's table, and where the next page begins, if there is one."""

    rows: Sequence[Any]
    next: Place | None


def list_months(today: date) -> list[date]:
    """Return the months that can be looked at, this one first."""
    return [month_before(today, months) for months in range(MONTHS_SHOWN)]


def read_until() -> datetime | None:
    """Return up to when usage and ledger are rolled up. One query."""
    return CostProgress.objects.values_list("read_until", flat=True).first()


def page_of_workspaces(
    *, month: date, sort: str, is_ascending: bool, after: Place | None = None, term: str = ""
) -> CostPage:
    """Return a page of the workspaces of a month, each with its owner's address. At most two queries."""
    rows = WorkspaceMonth.objects.filter(month=month)
    if term:
        rows = rows.filter(workspace_id__in=_find_workspace_ids(term))
    owners = Membership.objects.filter(workspace=OuterRef("workspace_id"), role=Membership.Role.OWNER)
    address = Subquery(owners.order_by("pk").values("user__email")[:1])
    rows = rows.select_related("workspace").annotate(owner_email=address)
    return _page(rows, sort=sort, is_ascending=is_ascending, after=after)


def page_of_users(
    *, month: date, sort: str, is_ascending: bool, after: Place | None = None, term: str = ""
) -> CostPage:
    """Return a page of the users of a month. At most two queries."""
    rows = UserMonth.objects.filter(month=month).select_related("user")
    if term:
        rows = rows.filter(user_id__in=_find_user_ids(term))
    return _page(rows, sort=sort, is_ascending=is_ascending, after=after)


def sum_by_version(month: date) -> list[dict[str, Any]]:
    """Return the figures of each version of a template, the dearest first. One query, over sums of days."""
    found = VersionCost.objects.filter(_days_of(month)).values("version__slug", "version__number", "version_id")
    return list(_summed(found))


def sum_by_model(month: date) -> list[dict[str, Any]]:
    """Return the figures of each model asked, the dearest first. One query, over sums of days."""
    return list(_summed(VersionCost.objects.filter(_days_of(month)).values("model")))


def sum_month(month: date) -> dict[str, int]:
    """Return the figures of a whole month. Two queries, over sums."""
    sums = VersionCost.objects.filter(_days_of(month)).aggregate(**{column: Sum(column) for column in COLUMNS})
    figures = {column: int(number or 0) for column, number in sums.items()}
    revenue = MonthRevenue.objects.filter(pk=month).values_list("revenue_usd_micros", flat=True).first() or 0
    return figures | {
        "tokens": figures["input_tokens"] + figures["output_tokens"],
        "revenue_usd_micros": revenue,
        "margin_usd_micros": revenue - figures["cost_usd_micros"],
    }


def _page(rows: QuerySet[Any], *, sort: str, is_ascending: bool, after: Place | None) -> CostPage:
    assert sort in SORTED, sort
    if after is not None:
        # Compared as a row: the index is entered at this place, however many rows have the same value.
        table, beyond = rows.model._meta.db_table, ">" if is_ascending else "<"
        rows = rows.extra(  # noqa: S610 - the column is one of SORTED
            where=[f"({table}.{sort}, {table}.id) {beyond} (%s, %s)"], params=[after.value, after.id]
        )
    order = [sort, "id"] if is_ascending else [f"-{sort}", "-id"]
    found = list(rows.order_by(*order)[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    follows = len(found) > PAGE_SIZE
    return CostPage(shown, Place(getattr(shown[-1], sort), shown[-1].pk) if follows else None)


def _find_workspace_ids(term: str) -> list[UUID]:
    key = find_uuid(term)
    if key:
        return [key]
    owned = Membership.objects.filter(user_id__in=_find_user_ids(term), role=Membership.Role.OWNER)
    return list(owned.values_list("workspace_id", flat=True))


def _find_user_ids(term: str) -> list[int]:
    """Return the people whose address begins so; addresses are kept in lower case, and have an index for this."""
    if term.isascii() and term.isdigit() and len(term) < len(str(2**63)):
        return [int(term)]
    found = User.objects.filter(email__startswith=term.lower()).order_by("email")
    return list(found.values_list("pk", flat=True)[:FOUND_MAX])


def _days_of(month: date) -> Q:
    return Q(day__gte=month, day__lt=month_before(month, -1))


def _summed(found: Any) -> Any:
    sums = {f"{column}_sum": Sum(column) for column in COLUMNS}
    return found.annotate(**sums, tokens_sum=F("input_tokens_sum") + F("output_tokens_sum")).order_by(
        "-cost_usd_micros_sum"
    )
