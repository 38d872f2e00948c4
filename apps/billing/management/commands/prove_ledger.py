"""`manage.py prove_ledger`: add up every movement again and compare."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.billing.prove import prove


class Command(BaseCommand):
    """Print every discrepancy in the ledger and exit 1 if there is any."""

    help = "Add up every movement of credits again and compare it with the stored balances."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", type=UUID, help="only this workspace")

    def handle(self, *args: Any, **options: Any) -> None:
        discrepancies = prove(options["workspace"])
        for discrepancy in discrepancies:
            self.stdout.write(str(discrepancy))
        if discrepancies:
            raise CommandError(f"The ledger does not add up: {len(discrepancies)} discrepancies.")
        self.stdout.write("The ledger adds up.")
