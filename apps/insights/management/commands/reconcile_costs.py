"""`manage.py reconcile_costs`: compare the cost pages with attempts and ledger."""

from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.insights import reconciling, rolling_up


class Command(BaseCommand):
    """Print each workspace that differs; fail if there is one."""

    help = "Bring the cost pages up to date and compare a month of them with attempts and ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the month, and making everything anew."""
        parser.add_argument("--month", type=_month, default=None, help="for example 2026-11; without it this month")
        parser.add_argument("--rebuild", action="store_true", help="empty the rollups first, and make them anew")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["rebuild"]:
            rolling_up.forget()
        while not rolling_up.roll_up(now=now):
            self.stdout.write("still rolling up")
        month = options["month"] or now.astimezone(UTC).date().replace(day=1)
        differences = reconciling.compare(month)
        for difference in differences:
            self.stdout.write(str(difference))
        if differences:
            raise CommandError(f"{len(differences)} workspaces differ in {month:%Y-%m}.")
        self.stdout.write(f"{month:%Y-%m}: the cost pages agree with attempts and ledger.")


def _month(text: str) -> date:
    return datetime.strptime(text, "%Y-%m").date()
