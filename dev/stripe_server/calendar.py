"""Billing periods: months are counted from the anchor, so the 31st comes back after February."""

import calendar as months
from datetime import UTC, datetime, timedelta

HOUR = 3600
DAY = 24 * HOUR


def period_end(*, anchor: int, start: int, interval: str, count: int) -> int:
    """Return the first end of a period after `start`, for periods that are counted from `anchor` (both in seconds)."""
    number = 1
    while True:
        end = _add(anchor, interval=interval, count=number * count)
        if end > start:
            return end
        number += 1


def show_date(second: int) -> str:
    """Return a day as Stripe's descriptions write it: `5 Nov 2026`."""
    return datetime.fromtimestamp(second, UTC).strftime("%-d %b %Y")


def _add(second: int, *, interval: str, count: int) -> int:
    moment = datetime.fromtimestamp(second, UTC)
    if interval in ("day", "week"):
        return int((moment + timedelta(days=count * (7 if interval == "week" else 1))).timestamp())
    month = moment.month - 1 + count * (12 if interval == "year" else 1)
    year, month = moment.year + month // 12, month % 12 + 1
    day = min(moment.day, months.monthrange(year, month)[1])
    return int(moment.replace(year=year, month=month, day=day).timestamp())
