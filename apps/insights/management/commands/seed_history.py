"""`manage.py seed_history`: many customers with half a year behind them, for tests of speed."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from apps.core.db import system_scope
from apps.insights import history_seeding, rolling_up
from apps.usage import rollups


class Command(BaseCommand):
    """Seed, add up, and let the planner know; another run adds as many again."""

    help = "Add made-up customers with usage, credits and payments. Never in production."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add how many."""
        parser.add_argument("--users", type=int, default=1_000)
        parser.add_argument("--records", type=int, default=10_000)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT == "production":
            raise CommandError("seed_history makes customers up: it does not run in production.")
        began = time.monotonic()
        history_seeding.seed(users=options["users"], records=options["records"])
        self.stdout.write(f"{options['records']} runs of {options['users']} people: {time.monotonic() - began:.0f} s")
        rolling_up.forget()
        while not rolling_up.roll_up(now=timezone.now()):
            self.stdout.write("still rolling up")
        with system_scope():
            rollups.recompute_totals(today=timezone.now().date())
        with connections["owner"].cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        self.stdout.write(f"added up and analyzed: {time.monotonic() - began:.0f} s in all")
