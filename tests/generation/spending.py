"""What processes do in these tests: imported by them once Django is ready there."""

from functools import partial

from apps.accounts.models import Membership
from apps.core.db import system_scope
from tests.billing import parallel
from tests.generation import runs


def submit_many(membership_id: int, count: int) -> list[str]:
    """Submit generations at the same time, each under a key of its own; return what came of each."""
    with system_scope():
        member = Membership.objects.select_related("user", "workspace").get(pk=membership_id)
    return [type(answer).__name__ for answer in parallel.in_threads([partial(runs.start, member)] * count)]
