"""Figures over all customers' generations, for staff: each is one query that reads an index, never a whole table."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Min, Q

from apps.core.ids import since
from apps.generation import catalogue
from apps.generation.gateway import breaker
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
    """Generations that wait for a worker, since when the oldest waits, and how many a worker has in hand."""

    depth: int
    oldest_at: datetime | None
    running: int


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


class PausedProvider(NamedTuple):
    """A provider that is not called, but for probes, since it failed again and again."""

    name: str
    since: datetime


def list_paused_providers() -> list[PausedProvider]:
    """Return the providers whose breaker is open: none while Redis does not answer."""
    opened = [(endpoint.name, breaker.opened_at(endpoint.name)) for endpoint in catalogue.list_endpoints()]
    return [PausedProvider(name, since) for name, since in opened if since is not None]


def get_queue() -> Queue:
    """Return what waits for a worker, and what is being worked on."""
    queued, running = Q(status=Generation.Status.QUEUED), Q(status=Generation.Status.RUNNING)
    # Said with OR: each side reads its own partial index, which no index does for IN.
    found = Generation.objects.filter(queued | running).aggregate(
        depth=Count("pk", filter=queued),
        oldest=Min("created_at", filter=queued),
        running=Count("pk", filter=running),
    )
    return Queue(found["depth"], found["oldest"], found["running"])
