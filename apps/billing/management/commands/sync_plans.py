"""`manage.py sync_plans`: what differs between plans.yaml and Stripe; with --apply, make Stripe match."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.billing import stripe_client
from apps.billing.sync_plans import Change, sync_plans
from apps.core.errors import DomainError


class Command(BaseCommand):
    """Prints every difference. Exits 1 unless Stripe matches at the end."""

    help = "Compare Stripe's products, prices and portal with plans.yaml; --apply makes Stripe match."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help="make the changes instead of only printing them")
        parser.add_argument("--live", action="store_true", help="allow a live key, whose prices customers see")
        parser.add_argument("--quiet", action="store_true", help="print nothing unless something differs")

    def handle(self, *args: Any, apply: bool, live: bool, quiet: bool, **options: Any) -> None:
        if not stripe_client.is_configured():
            raise CommandError("STRIPE_SECRET_KEY is not set, so there is nothing to compare with.")
        changes = _sync(apply=apply, live=live)
        for change in changes:
            self.stdout.write(str(change))
        left = _sync(apply=False, live=live) if apply and changes else [] if apply else changes
        if left:
            hint = "Something else changes it at the same time: try again." if apply else "Run it again with --apply."
            raise CommandError(f"Stripe does not match plans.yaml, differences: {len(left)}. {hint}")
        if changes or not quiet:
            self.stdout.write("Stripe matches plans.yaml.")


def _sync(*, apply: bool, live: bool) -> list[Change]:
    try:
        return sync_plans(apply=apply, live=live)
    except (DomainError, ImproperlyConfigured) as error:
        raise CommandError(str(error)) from error
