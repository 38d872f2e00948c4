"""The figures that open the admin: each reads an index, links to the rows behind it, and asks for their permission."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from django.conf import settings
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.billing import figures as billing
from apps.billing.money import format_money
from apps.core import figures as core
from apps.core.admin_filters import day_query
from apps.core.admin_links import list_url
from apps.core.db import system_scope
from apps.generation import figures as generation
from apps.generation.models import Generation

DAYS = 7
# What is told of "30 days"; an event of Stripe that waits for longer is no news.
EVENTS_DAYS = 30
# Banks take longer than a month to dispute a payment.
DISPUTABLE_DAYS = 120
ERROR_CODES_MAX = 5
EVENT_LATE = timedelta(minutes=10)
MAIL_LATE = timedelta(minutes=5)
# A shorter wait is told in seconds.
MINUTES_FROM_SECONDS = 120
# Each bar is drawn in so many units, whatever the width of the screen.
BAR_UNITS = 1000

MayView = Callable[[str], bool]


@dataclass(frozen=True)
class Figure:
    """One number and the rows behind it; `level` is "warning" or "error" where staff should look."""

    label: str | Promise
    value: int
    url: str
    hint: str = ""
    level: str = ""
    # Shown instead of the number: money.
    text: str = ""


@dataclass(frozen=True)
class Share:
    """A part of a bar: where it begins and how long it is, in BAR_UNITS."""

    status: str
    label: str | Promise
    count: int
    url: str
    start: int
    length: int


@dataclass(frozen=True)
class CodeCount:
    """How often an error code came: today, or in the last hour and day."""

    code: str
    count: int
    url: str
    last_hour: int = 0


@dataclass(frozen=True)
class CreditDay:
    """Credits of one day (UTC), with the lengths of their bars in BAR_UNITS."""

    day: date
    granted: int
    spent: int
    granted_length: int
    spent_length: int
    granted_url: str
    spent_url: str


@dataclass
class Overview:
    """What this member of staff may see; a part that they may not see is empty, and `may` says which they are."""

    now: datetime
    figures: list[Figure] = field(default_factory=list)
    statuses: list[Share] = field(default_factory=list)
    error_codes: list[CodeCount] = field(default_factory=list)
    provider_errors: list[CodeCount] = field(default_factory=list)
    paused_providers: list[generation.PausedProvider] = field(default_factory=list)
    credit_days: list[CreditDay] = field(default_factory=list)
    may: dict[str, bool] = field(default_factory=dict)

    @property
    def generations_today(self) -> int:
        """Generations that began today (UTC)."""
        return sum(share.count for share in self.statuses)

    @property
    def granted(self) -> int:
        """Credits granted in all the days shown."""
        return sum(day.granted for day in self.credit_days)

    @property
    def spent(self) -> int:
        """Credits spent in all the days shown."""
        return sum(day.spent for day in self.credit_days)


def build_overview(*, may_view: MayView, now: datetime) -> Overview:
    """Return the figures that may be viewed, in one transaction. `may_view` takes "app.model"."""
    overview = Overview(now=now)
    overview.may = {name: may_view(model) for name, (model, _part) in PARTS.items()}
    with system_scope():
        for name, (_model, fill) in PARTS.items():
            if overview.may[name]:
                fill(overview)
    return overview


def _fill_generations(overview: Overview) -> None:
    today = _midnight(overview.now.date())
    counts = generation.count_generations(start=today)
    overview.statuses = list(_shares(counts, today=today.date()))
    codes = [(row.error_code, row.number) for row in counts if row.status == Generation.Status.FAILED]
    link = partial(list_url, "generation.generation", status__exact="failed", **_named(day_query(today.date())))
    overview.error_codes = [CodeCount(code, count, link(error_code=code)) for code, count in codes[:ERROR_CODES_MAX]]
    queue = generation.get_queue()
    overview.figures += [_queued(queue, now=overview.now), _running(queue)]


def _shares(counts: list[generation.GenerationCount], *, today: date) -> Iterator[Share]:
    total, start = sum(row.number for row in counts), 0
    for status in Generation.Status:
        count = sum(row.number for row in counts if row.status == status)
        length = count * BAR_UNITS // max(total, 1)
        url = list_url("generation.generation", status__exact=status.value, **_named(day_query(today)))
        yield Share(status.value, status.label, count, url, start, length)
        start += length


def _queued(queue: generation.Queue, *, now: datetime) -> Figure:
    waits = (now - queue.oldest_at).total_seconds() if queue.oldest_at else 0
    deadline = settings.GENERATION_DEADLINES["queue"]
    level = "error" if waits > deadline else "warning" if waits > deadline / 2 else ""
    hint = _("the oldest for %(time)s") % {"time": _duration(waits)} if queue.depth else _("nothing waits")
    url = list_url("generation.generation", status__exact="queued")
    return Figure(gettext_lazy("Generations queued"), queue.depth, url, hint, level)


def _duration(seconds: float) -> str:
    if seconds < MINUTES_FROM_SECONDS:
        return _("%(seconds)d s") % {"seconds": seconds}
    now = datetime.now(UTC)
    return timesince(now - timedelta(seconds=seconds), now, depth=1)


def _running(queue: generation.Queue) -> Figure:
    url = list_url("generation.generation", status__exact="running")
    return Figure(gettext_lazy("Generations running"), queue.running, url)


def _fill_provider_errors(overview: Overview) -> None:
    day_start, hour_start = overview.now - timedelta(days=1), overview.now - timedelta(hours=1)
    link = partial(list_url, "generation.attempt", status__exact="failed", from_=_minute(day_start))
    overview.provider_errors = [
        CodeCount(row.error_code, row.last_day, link(error_code=row.error_code), row.last_hour)
        for row in generation.count_failed_attempts(day_start=day_start, hour_start=hour_start)
    ]
    overview.paused_providers = generation.list_paused_providers()


def _fill_credits(overview: Overview) -> None:
    today = overview.now.date()
    days = [today - timedelta(days=ago) for ago in range(DAYS)]
    sums = billing.sum_credits_by_day(start=_midnight(days[-1]))
    of_days = {day: sums.get(day, billing.CreditsOfDay(0, 0)) for day in days}
    most = max(1, *(max(found) for found in of_days.values()))
    for day, found in of_days.items():
        link = partial(list_url, "billing.ledgerentry", **_named(day_query(day)))
        overview.credit_days.append(
            CreditDay(
                day=day,
                granted=found.granted,
                spent=found.spent,
                granted_length=found.granted * BAR_UNITS // most,
                spent_length=found.spent * BAR_UNITS // most,
                granted_url=link(direction="granted"),
                spent_url=link(direction="spent"),
            )
        )


def _fill_holds(overview: Overview) -> None:
    holds = billing.get_open_holds(now=overview.now)
    hint = _("%(credits)d credits reserved") % {"credits": holds.amount_credits}
    if holds.overdue:
        overdue = ngettext("%(count)d is overdue", "%(count)d are overdue", holds.overdue) % {"count": holds.overdue}
        hint = f"{hint}, {overdue}"
    level = "error" if holds.overdue else ""
    url = list_url("billing.hold", status__exact="open")
    overview.figures.append(Figure(gettext_lazy("Open holds"), holds.number, url, hint, level))


def _fill_mail(overview: Overview) -> None:
    now, first = overview.now, overview.now.date() - timedelta(days=DAYS - 1)
    outbox = core.get_outbox(failed_since=_midnight(first))
    due_since = outbox.due_since or now
    late = now - due_since > MAIL_LATE
    hint = _("due for %(time)s") % {"time": timesince(due_since, now)} if late else _("on their way")
    waiting_url = list_url("core.outgoingmail", status__exact="queued")
    waiting = Figure(
        gettext_lazy("Mails waiting"),
        outbox.waiting,
        waiting_url,
        hint if outbox.waiting else _("nothing waits"),
        "warning" if late else "",
    )
    failed_url = list_url("core.outgoingmail", status__exact="failed", from_=first)
    hint, level = _("in %(days)d days") % {"days": DAYS}, "error" if outbox.failed else ""
    overview.figures += [waiting, Figure(gettext_lazy("Mails failed"), outbox.failed, failed_url, hint, level)]


def _fill_revenue(overview: Overview) -> None:
    today, first = overview.now.date(), _first_of_last_days(overview)
    revenue = billing.sum_revenue(start=_midnight(first), today=_midnight(today))
    of_today = [(format_money(found.today, found.currency), found.today_count) for found in revenue]
    of_month = [(format_money(found.all, found.currency), found.all_count) for found in revenue]
    overview.figures += [
        _money_figure(gettext_lazy("Revenue today"), of_today, first=today),
        _money_figure(gettext_lazy("Revenue in 30 days"), of_month, first=first),
    ]


def _money_figure(label: str | Promise, sums: list[tuple[str, int]], *, first: date) -> Figure:
    """Show the largest currency; others, should there be any, are told beside it."""
    shown, count = [text for text, _count in sums] or ["-"], sum(count for _text, count in sums)
    hint = ngettext("%(count)d payment, less refunds", "%(count)d payments, less refunds", count) % {"count": count}
    if shown[1:]:
        hint = _("and %(others)s") % {"others": ", ".join(shown[1:])}
    return Figure(label, count, list_url("billing.payment", from_=first), hint, text=shown[0])


def _fill_subscriptions(overview: Overview) -> None:
    first = _first_of_last_days(overview)
    found = billing.count_subscriptions(start=_midnight(first))
    hint = _("in 30 days; %(count)d overdue now") % {"count": found.overdue} if found.overdue else _("in 30 days")
    url = list_url("billing.subscription", standing="begun", from_=first)
    overview.figures.append(Figure(gettext_lazy("New subscriptions"), found.new, url, hint))


def _fill_uncollected(overview: Overview) -> None:
    first = _first_of_last_days(overview)
    disputable = _midnight(overview.now.date() - timedelta(days=DISPUTABLE_DAYS))
    found = billing.count_uncollected(start=_midnight(first), disputable=disputable)
    url = list_url("billing.invoice", collection="failed", from_=first)
    hint, level = (_("invoices still open"), "warning") if found.invoices else (_("nothing is overdue"), "")
    overview.figures.append(Figure(gettext_lazy("Failed payments"), found.invoices, url, hint, level))
    if found.disputes:
        url = list_url("billing.payment", trouble="open", from_=disputable.date())
        hint = _("answer them at Stripe")
        overview.figures.append(Figure(gettext_lazy("Open disputes"), found.disputes, url, hint, "error"))


def _fill_events(overview: Overview) -> None:
    first = overview.now.date() - timedelta(days=EVENTS_DAYS - 1)
    found = billing.get_waiting_events(start=_midnight(first))
    hints, level = [], ""
    if found.failed:
        hints.append(_("%(count)d failed") % {"count": found.failed})
        level = "error"
    if found.oldest_at:
        hints.append(
            _("the oldest waits for %(time)s") % {"time": _duration((overview.now - found.oldest_at).total_seconds())}
        )
        level = level or ("warning" if overview.now - found.oldest_at > EVENT_LATE else "")
    url = list_url("billing.webhookevent", unprocessed="yes", from_=first)
    label = gettext_lazy("Stripe events not processed")
    hint = ", ".join(hints) or _("nothing waits")
    overview.figures.append(Figure(label, found.failed + found.waiting, url, hint, level))


def _fill_reconciliation(overview: Overview) -> None:
    differences = billing.find_latest_differences()
    if differences is None:
        return
    hint, level = (_("look at them"), "error") if differences else (_("Stripe and our books agree"), "")
    url = list_url("billing.reconciliation")
    overview.figures.append(Figure(gettext_lazy("Differences with Stripe"), differences, url, hint, level))


def _first_of_last_days(overview: Overview) -> date:
    return overview.now.date() - timedelta(days=EVENTS_DAYS - 1)


PARTS: dict[str, tuple[str, Callable[[Overview], None]]] = {
    "generations": ("generation.generation", _fill_generations),
    "provider_errors": ("generation.attempt", _fill_provider_errors),
    "holds": ("billing.hold", _fill_holds),
    "credits": ("billing.ledgerentry", _fill_credits),
    "mail": ("core.outgoingmail", _fill_mail),
    "revenue": ("billing.payment", _fill_revenue),
    "subscriptions": ("billing.subscription", _fill_subscriptions),
    "uncollected": ("billing.invoice", _fill_uncollected),
    "events": ("billing.webhookevent", _fill_events),
    "reconciliation": ("billing.reconciliation", _fill_reconciliation),
}


def _named(query: dict[str, str]) -> dict[str, str]:
    return {f"{name}_": value for name, value in query.items()}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _minute(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
