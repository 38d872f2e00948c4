"""What a plan allows a workspace: how much of it is used, and the refusals of what would go beyond.

Tokens and provider cost are read from the daily rollups, which a generation enters when it settles; what is under way
counts with what it has reserved, the most that all its rounds can take by the dearest model that may answer, until the
statement that ends its hold. All of these limits are exact, in parallel too. **Limit:** a provider that bills more than
the bound it was asked to keep is recorded as it does, and the workspace is over by that.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.billing.catalogue import Plan, load_catalogue
from apps.billing.entitlements import Entitlements, Standing, entitlements
from apps.core.errors import DomainError
from apps.generation.budget_use import day_of, seconds_until_midnight
from apps.generation.model_names import model_label
from apps.generation.models import Generation, StartCounter
from apps.generation.quota_words import LABELS, describe_allowance, format_allowance

# From so much of a limit on a person is told of it before they start.
NEAR_PERCENT = 80


@dataclass(frozen=True)
class Used:
    """What counts against a plan now, by the names of its limits; days and months are UTC's."""

    concurrent_generations: int = 0
    generations_per_day: int = 0
    tokens_per_month: int = 0
    daily_budget_usd_micros: int = 0


@dataclass(frozen=True)
class Quota:
    """One limit of a plan and how much of it is used, as numbers and in words; `limit` is None where there is none."""

    name: str
    used: int
    limit: int | None

    @property
    def label(self) -> str | Promise:
        """What is counted, in words."""
        return LABELS[self.name]

    @property
    def percent(self) -> int:
        """How much is used, from 0 to 100."""
        return min(100, self.used * 100 // self.limit) if self.limit else 0

    @property
    def shown_used(self) -> str:
        """What is used, as people read it."""
        return format_allowance(self.name, self.used)

    @property
    def shown_limit(self) -> str:
        """What is allowed, as people read it."""
        return "" if self.limit is None else format_allowance(self.name, self.limit)


class PlanLimitError(DomainError):
    """A plan's limit is reached: the sentence names the limit, its value, and what helps."""

    code: ClassVar[str] = "plan_limit"
    status: ClassVar[int] = 429
    limit_name: ClassVar[str]
    ends_at_midnight: ClassVar[bool] = False
    advice: ClassVar[str | Promise]

    def __init__(
        self, *, rights: Entitlements, retry_after_seconds: int | None = None, advice: str | Promise = ""
    ) -> None:
        rule = _("The %(plan)s plan allows %(allowance)s.") % {
            "plan": rights.plan.name,
            "allowance": describe_allowance(self.limit_name, getattr(rights.limits, self.limit_name)),
        }
        sentence = f"{rule} {advice or self.advice} {_way_up(rights, self.limit_name)}"
        super().__init__(sentence, retry_after_seconds=retry_after_seconds)


class PlanConcurrencyError(PlanLimitError):
    """As many generations are under way as the plan runs at the same time."""

    code = "plan_limit_concurrent"
    limit_name = "concurrent_generations"
    advice = gettext_lazy("Wait until one of yours has ended.")


class PlanDayError(PlanLimitError):
    """The plan's generations of this day (UTC) were all started."""

    code = "plan_limit_day"
    limit_name = "generations_per_day"
    ends_at_midnight = True
    advice = gettext_lazy("A new day begins at midnight UTC.")


class PlanTokensError(PlanLimitError):
    """The plan's tokens of this month (UTC) would not suffice.

    Status 402, not 429: programs repeat a 429 by themselves, and nobody waits for weeks. What helps is a larger plan.
    """

    code = "plan_limit_tokens"
    status = 402
    limit_name = "tokens_per_month"
    advice = gettext_lazy("This could go beyond them. A new month begins on the 1st (UTC).")


class PlanBudgetError(PlanLimitError):
    """What providers may charge for this workspace on this day (UTC) would not suffice."""

    code = "plan_limit_budget"
    limit_name = "daily_budget_usd_micros"
    ends_at_midnight = True
    advice = gettext_lazy("This could go beyond that. A new day begins at midnight UTC.")


class PlanTooLittleError(PlanLimitError):
    """This alone is more than a whole day or month of the plan: waiting does not help."""

    code = "plan_too_little"
    status = 422
    advice = gettext_lazy("This alone could take more: shorten the text, or choose another model.")

    def __init__(self, *, rights: Entitlements, limit_name: str) -> None:
        self.limit_name = limit_name  # type: ignore[misc]
        super().__init__(rights=rights)


# In the order in which they are said, where several apply.
REFUSALS: list[type[PlanLimitError]] = [PlanConcurrencyError, PlanDayError, PlanTokensError, PlanBudgetError]


class ModelNotInPlanError(DomainError):
    """The product offers the model, the plan does not include it."""

    code = "model_not_in_plan"
    status = 403

    def __init__(self, *, model: str, rights: Entitlements) -> None:
        including = find_plan_with_model(model)
        known = {"model": model_label(model), "plan": rights.plan.name, "larger": including.name if including else ""}
        if including:
            sentence = _("%(model)s is not part of the %(plan)s plan. Choose another model, or move to %(larger)s.")
        else:
            sentence = _("%(model)s is not part of any plan. Choose another model.")
        super().__init__(sentence % known)


def require_model(model: str, *, rights: Entitlements) -> None:
    """Refuse a model that the plan does not include. Raises ModelNotInPlanError."""
    if not rights.limits.allows_model(model):
        raise ModelNotInPlanError(model=model, rights=rights)


def require_possible(generation: Generation, *, rights: Entitlements) -> None:
    """Refuse what no day or month of the plan has room for, before anything is written. Raises PlanTooLittleError."""
    for name, reserved in _reserved(generation).items():
        limit = getattr(rights.limits, name)
        if limit is not None and reserved > limit:
            raise PlanTooLittleError(rights=rights, limit_name=name)


def count_start(generation: Generation, *, rights: Entitlements) -> None:
    """Count a generation that this transaction has inserted, or refuse it: then the transaction must not commit.

    Other starts of the workspace wait here until this one has committed, so each sees all that were let in before it.
    Under a plan that limits none of this nobody waits, and nothing is counted.
    Raises PlanConcurrencyError, PlanDayError, PlanTokensError or PlanBudgetError.
    """
    if all(getattr(rights.limits, refusal.limit_name) is None for refusal in REFUSALS):
        return
    at = generation.created_at
    started = _raise_counter(generation.workspace_id, day=day_of(at))
    counted = asdict(_used(generation.workspace_id, started=started, at=at))
    # Its own hold is placed at the very end, so what it reserves is not in there yet.
    for name, reserved in _reserved(generation).items():
        counted[name] += reserved
    for refusal in REFUSALS:
        limit = getattr(rights.limits, refusal.limit_name)
        if limit is not None and counted[refusal.limit_name] > limit:
            wait_seconds = seconds_until_midnight(at) if refusal.ends_at_midnight else None
            raise refusal(rights=rights, retry_after_seconds=wait_seconds)


def used(workspace_id: UUID, *, at: datetime | None = None) -> Used:
    """Return what counts against the plan of a workspace now. Two queries, within a scope."""
    at = at or timezone.now()
    counter = StartCounter.objects.filter(pk=workspace_id, day=day_of(at)).first()
    return _used(workspace_id, started=counter.started if counter else 0, at=at)


def list_quotas(workspace_id: UUID, *, at: datetime | None = None) -> tuple[Entitlements, list[Quota]]:
    """Return what a workspace may do, and how much of each limit is used. Three queries, within a scope.

    Without the budget for models: what providers charge is not the customer's to see.
    """
    at = at or timezone.now()
    rights = entitlements(workspace_id, at=at)
    counted = asdict(used(workspace_id, at=at))
    return rights, _list(counted, rights=rights)


def list_near(workspace_id: UUID, *, rights: Entitlements) -> list[Quota]:
    """Return the limits of which so much is used that a person should know before they start. Two queries."""
    listed = _list(asdict(used(workspace_id)), rights=rights)
    return [quota for quota in listed if quota.limit is not None and quota.percent >= NEAR_PERCENT]


def find_plan_with_model(model: str) -> Plan | None:
    """Return the first plan of the catalogue that includes a model; None if no plan does."""
    return next((plan for plan in load_catalogue().plans if plan.limits.allows_model(model)), None)


def _list(counted: Mapping[str, int], *, rights: Entitlements) -> list[Quota]:
    return [Quota(name, counted[name], getattr(rights.limits, name)) for name in LABELS]


def _way_up(rights: Entitlements, limit_name: str) -> str:
    """Return the sentence about getting more than a limit: by paying what is due, or with a larger plan."""
    if rights.standing == Standing.OVERDUE:
        return _("A payment is overdue: your plan's own limits hold again once it has arrived.")
    limit = getattr(rights.limits, limit_name)
    for plan in load_catalogue().plans:
        more = getattr(plan.limits, limit_name)
        if more is None:
            return _("The %(plan)s plan has no such limit.") % {"plan": plan.name}
        if more > limit:
            return _("With the %(plan)s plan it is %(more)s.") % {
                "plan": plan.name,
                "more": format_allowance(limit_name, more),
            }
    return _("Write to us if you need more.")


def _raise_counter(workspace_id: UUID, *, day: date) -> int:
    """Count one start of a day and return how many there are; lock the row until the transaction ends.

    A process whose clock is a little behind may come with yesterday after another came with today: it counts for today.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO generation_startcounter AS counter (workspace_id, day, started) VALUES (%s, %s, 1)
            ON CONFLICT (workspace_id) DO UPDATE
               SET started = CASE WHEN counter.day < EXCLUDED.day THEN 1 ELSE counter.started + 1 END,
                   day = GREATEST(counter.day, EXCLUDED.day)
            RETURNING started
            """,
            [workspace_id, day],
        )
        return int(cursor.fetchone()[0])


def _reserved(generation: Generation) -> dict[str, int]:
    """Return what a generation reserves, by the names of the limits that it counts against."""
    return {
        "tokens_per_month": generation.reserved_tokens,
        "daily_budget_usd_micros": generation.reserved_cost_usd_micros,
    }


def _used(workspace_id: UUID, *, started: int, at: datetime) -> Used:
    """One statement: in two, what settles in between would be counted twice, or by neither."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT under_way.runs, recorded.tokens + under_way.tokens, recorded.cost + under_way.cost
              FROM (SELECT count(*) AS runs,
                           coalesce(sum(reserved_tokens) FILTER (WHERE hold.status = 'open'), 0) AS tokens,
                           coalesce(sum(reserved_cost_usd_micros) FILTER (WHERE hold.status = 'open'), 0) AS cost
                      FROM generation_generation AS generation
                 LEFT JOIN billing_hold AS hold ON hold.id = generation.hold_id
                     WHERE workspace_id = %(workspace_id)s AND generation.status IN ('queued', 'running')) AS under_way,
                   (SELECT coalesce(sum(input_tokens + output_tokens), 0) AS tokens,
                           coalesce(sum(cost_usd_micros) FILTER (WHERE day = %(today)s), 0) AS cost
                      FROM usage_dailyusage
                     WHERE workspace_id = %(workspace_id)s AND day BETWEEN %(first_day)s AND %(today)s) AS recorded
            """,
            {"workspace_id": workspace_id, "today": day_of(at), "first_day": day_of(at).replace(day=1)},
        )
        runs, tokens, cost = cursor.fetchone()
    return Used(runs, started, int(tokens), int(cost))
