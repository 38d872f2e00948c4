"""`manage.py create_api_key EMAIL`: a key for a person's own workspace, printed once as the last word."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts import api_keys, selectors
from apps.accounts.models import User
from apps.accounts.scopes import SCOPES
from apps.accounts.services import ensure_personal_workspace
from apps.core.db import system_scope
from apps.core.ids import uuid7


class Command(BaseCommand):
    """Make a key with every scope, which works whatever the plan: for operators, tests and first steps."""

    help = "Make an API key with every scope for the person with this address, and print it as the last word."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the person's address."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        with system_scope():
            user = User.objects.filter(email=options["email"].strip().lower(), is_active=True).first()
            membership = selectors.list_memberships_by_preference(user).first() if user else None
        if user is None:
            raise CommandError("Nobody with this address can log in here.")
        workspace = membership.workspace if membership else ensure_personal_workspace(user=user)
        made = api_keys.create_key(
            user=user,
            workspace_id=workspace.pk,
            name="Made by manage.py",
            scopes=SCOPES,
            needs_plan=False,
            idempotency_key=str(uuid7()),
            actor="command:create_api_key",
        )
        self.stdout.write(
            f"A key for {user.email} in the workspace {workspace.name}; it is shown this once: {made.token}"
        )
