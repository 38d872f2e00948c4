"""`manage.py print_ledger EMAIL`: what happened to a customer's credits, in order."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.models import Workspace
from apps.billing import selectors
from apps.billing.models import Hold
from apps.core.db import system_scope

Line = tuple[datetime, str, int, str]


class Command(BaseCommand):
    """Prints holds and ledger entries of every workspace that a user belongs to."""

    help = "Print the holds and ledger entries of a user's workspaces."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--last", type=int, default=20, help="how many lines of each workspace (default 20)")

    def handle(self, *args: Any, email: str, last: int, **options: Any) -> None:
        with system_scope():
            workspaces = list(Workspace.objects.filter(members__email=email.lower()))
            if not workspaces:
                raise CommandError(f"No user {email}, or no workspace.")
            for workspace in workspaces:
                self._print(workspace, last=last)

    def _print(self, workspace: Workspace, *, last: int) -> None:
        self.stdout.write(f"{workspace.name}")
        for at, kind, amount, note in _lines(workspace)[-last:]:
            self.stdout.write(f"  {at:%H:%M:%S}  {kind:<10} {amount:>+8}  {note}".rstrip())
        balance = selectors.get_balance(workspace.pk)
        self.stdout.write(f"  balance {balance.balance}, held {balance.held}, available {balance.available}")


def _lines(workspace: Workspace) -> list[Line]:
    entries: list[Line] = [
        (entry.created_at, entry.kind, entry.amount, entry.note) for entry in selectors.list_entries(workspace.pk)
    ]
    holds = Hold.objects.filter(account_id=workspace.pk)
    placed: list[Line] = [(hold.placed_at, "hold", hold.amount, "reserved") for hold in holds]
    ended: list[Line] = [
        (hold.ended_at, "release", hold.amount, "returned in full")
        for hold in holds
        if hold.ended_at is not None and hold.status == Hold.Status.RELEASED
    ]
    return sorted([*entries, *placed, *ended])
