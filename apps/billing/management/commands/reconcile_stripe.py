"""`manage.py reconcile_stripe`: Stripe's records against our books; with --repair, fetch again what differs."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.billing import reconciliation, stripe_client
from apps.billing.models import Reconciliation
from apps.core.errors import DomainError


class Command(BaseCommand):
    """Prints every difference, stores the comparison for staff, and exits 1 if there is any at the end."""

    help = "Compare what Stripe says was paid, returned and disputed with our books."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=reconciliation.DAYS, help="how far to look back (default 35)")
        parser.add_argument("--repair", action="store_true", help="fetch again what differs, then compare once more")

    def handle(self, *args: Any, days: int, repair: bool, **options: Any) -> None:
        if not stripe_client.is_configured():
            raise CommandError("STRIPE_SECRET_KEY is not set, so there is nothing to compare with.")
        since = timezone.now() - timedelta(days=days)
        try:
            found = reconciliation.reconcile(since=since)
            self._print(found)
            if repair and found.differences:
                self.stdout.write(f"Fetched again: {reconciliation.repair(found)}.")
                found = reconciliation.reconcile(since=since)
                self._print(found)
        except DomainError as error:
            raise CommandError(str(error)) from error
        if found.differences:
            raise CommandError(f"Stripe and our books differ in {len(found.differences)} places.")
        self.stdout.write(f"Stripe and our books agree: {found.checked} payments compared.")

    def _print(self, found: Reconciliation) -> None:
        for line in found.differences:
            self.stdout.write(
                f"{line['kind']:<12} {line['stripe_id']}  workspace {line['workspace']}:"
                f" Stripe {line['stripe_value']}, here {line['our_value']}"
            )
