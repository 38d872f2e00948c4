"""Figures over all customers' generations, for staff: each is one query that reads an index, never a whole table."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Min, Q

from apps.core.ids import since
from apps.generation.models import Attempt, Generation


class GenerationCount(NamedTuple):
    """How many generations have this status and error code."""

    status: str
    error_code: str
    number: int


class FailedAttempts(NamedTuple):
    """How many provider calls ended with this error code."""

    error_code: str
    last_hour: int
    last_day: int


class Queue(NamedTuple):
    """Generations that wait for a worker, and since when the oldest waits."""

    depth: int
    oldest_at: datetime | None


def count_generations(*, start: datetime) -> list[GenerationCount]:
    """Return the generations since then by status and error code, most of them first."""
    groups = Generation.objects.filter(since(start)).values_list("status", "error_code")
    return [GenerationCount(*row) for row in groups.annotate(count=Count("pk")).order_by("-count", "error_code")]


def count_failed_attempts(*, day_start: datetime, hour_start: datetime) -> list[FailedAttempts]:
    """Return the failed provider calls by error code, most of them first."""
    groups = Attempt.objects.filter(since(day_start), status=Attempt.Status.FAILED).values_list("error_code")
    counted = groups.annotate(
        last_hour=Count("pk", filter=Q(created_at__gte=hour_start)), last_day=Count("pk")
    ).order_by("-last_day", "error_code")
    return [FailedAttempts(*row) for row in counted]


def get_queue() -> Queue:
    """Return what waits for a worker."""
    queued = Generation.objects.filter(status=Generation.Status.QUEUED)
    found = queued.aggregate(depth=Count("pk"), oldest=Min("created_at"))
    return Queue(found["depth"], found["oldest"])


def count_running() -> int:
    """Return how many generations a worker has in hand."""
    return Generation.objects.filter(status=Generation.Status.RUNNING).count()
