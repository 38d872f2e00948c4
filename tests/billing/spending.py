"""What processes do in the tests: imported by them once Django is ready there."""

import os
import signal
from uuid import UUID

from django.db import transaction

from apps.billing import ledger
from tests.billing import steps


def spend_one(workspace_id: UUID) -> str:
    """Try to hold and capture one credit; return what happened."""
    try:
        steps.capture(steps.hold(workspace_id, 1), 1)
    except ledger.InsufficientCreditsError:
        return "refused"
    return "spent"


def grant_with_one_key(workspace_id: UUID) -> UUID:
    """Give seven credits under a key that all use; return the entry's id."""
    return steps.give(workspace_id, 7, key="the key").id


def die_with_an_open_transaction(workspace_id: UUID) -> None:
    """Take the lock, write, and be killed before the commit."""
    with transaction.atomic():
        steps.hold(workspace_id, 1)
        os.kill(os.getpid(), signal.SIGKILL)
