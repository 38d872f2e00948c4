"""`manage.py seed_demo`: a customer and an admin for the laptop, made once."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.accounts import consent
from apps.accounts.models import User
from apps.accounts.services import create_personal_workspace
from apps.core.db import system_scope

DEMO = ("demo@keel.local", "demo-password")
STAFF = ("staff@keel.local", "staff-password")


class Command(BaseCommand):
    """Create the demo logins; a second run changes nothing."""

    help = "Create demo@keel.local and staff@keel.local, in development only."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT != "development" or not settings.DEBUG:
            raise CommandError("seed_demo makes logins with known passwords: it runs in development with DEBUG only.")
        for (email, password), flags in [(DEMO, {}), (STAFF, {"is_staff": True, "is_superuser": True})]:
            created = _ensure_user(email=email, password=password, **flags)
            self.stdout.write(f"{email} / {password}: {'created' if created else 'already there'}")


def _ensure_user(*, email: str, password: str, **flags: bool) -> bool:
    known = User.objects.filter(email=email).first()
    if known is not None:
        # A folder of an earlier release: bin/dev runs a generation as this person.
        consent.give(user=known)
        return False
    with system_scope():
        user = User.objects.create_user(email, password, **flags)
        create_personal_workspace(user=user)
        consent.give(user=user)
        address = EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        # As if the link in the mail had been followed: whoever waits for a confirmed address (the grant) hears it.
        email_confirmed.send(sender=EmailAddress, request=None, email_address=address)
    return True
