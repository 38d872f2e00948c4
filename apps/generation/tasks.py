"""Step 3 of a generation: the doorbell. Ids come in; the database says what is to be done."""

from typing import Any

from celery import shared_task
from celery.signals import worker_init
from django.conf import settings
from django.utils import timezone

from apps.core.ringing import ring
from apps.generation import (
    budget_slices,
    budget_watch,
    cached_answers,
    leases,
    purging,
    retention,
    runner,
    sweeper,
    watch,
)
from apps.generation.gateway import providers

# The runner keeps its own deadlines; this one is for a run that has lost control of itself.
RUN_SECONDS_MAX = int(settings.GENERATION_DEADLINES["total"]) + 180


@worker_init.connect
def load_providers(**later: Any) -> None:
    """Have everything in memory before the first generation comes."""
    providers.load()


@shared_task(name="generation.run", queue="generation", time_limit=RUN_SECONDS_MAX)
def run_generation(*, generation_id: str, **later: Any) -> None:
    """Claim a queued generation and run it; somebody else's, or an ended one, is left alone."""
    lease = leases.claim(generation_id)
    if lease is not None:
        runner.run(lease)


@shared_task(name="generation.sweep", queue="default", expires=sweeper.PERIOD_SECONDS)
def sweep_generations(**later: Any) -> None:
    """Finish what died, end what waited too long, and ring again for what still waits."""
    for generation_id in sweeper.sweep():
        ring(run_generation, expires_seconds=sweeper.PERIOD_SECONDS, generation_id=generation_id)


@shared_task(name="generation.purge", queue="default", expires=3600)
def purge_deleted(**later: Any) -> None:
    """Erase the texts of what was deleted long ago, and forget which answers could be given again."""
    purging.purge_all(now=timezone.now())
    cached_answers.delete_expired(now=timezone.now())


@shared_task(name="generation.retain", queue="default", expires=3600)
def apply_retention(**later: Any) -> None:
    """Erase the texts that their workspaces do not want to keep any longer."""
    retention.apply_all(now=timezone.now())


@shared_task(name="generation.watch", queue="default", expires=60)
def watch_generations(**later: Any) -> None:
    """Tell those who run the product of what costs or fails oddly."""
    watch.look(now=timezone.now())


@shared_task(name="generation.watch_budgets", queue="default", expires=240)
def watch_budgets(**later: Any) -> None:
    """Tell of budgets and of plans' quotas that come close, and take back the slices of those who do not need them."""
    budget_watch.alert_budgets(now=timezone.now())
    budget_watch.notify_near_quotas(now=timezone.now())
    budget_slices.return_idle(now=timezone.now())
