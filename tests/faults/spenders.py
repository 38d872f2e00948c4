"""`python -m tests.faults.spenders`, in a product's environment: people who start as much as they can, all at once.

`prepare 8` makes so many people with a workspace each, and prints the ids of their memberships and what one start
reserves, in USD micros. `spend 250 1,2,3` prints "ready", waits for a line, has these people start that often in
threads, and prints what came of it.
"""

import json
import os
import sys
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
django.setup()

from django.db import OperationalError, connections  # noqa: E402

from apps.accounts.models import Membership  # noqa: E402
from apps.core.db import system_scope  # noqa: E402
from apps.core.errors import DomainError, UnavailableError  # noqa: E402
from apps.generation import services  # noqa: E402
from tests.factories import FundedMembershipFactory  # noqa: E402
from tests.generation import runs  # noqa: E402

MODEL = "gpt-4o"
THREADS = 4


def prepare(people: int) -> dict[str, object]:
    """Make the people; the run that is measured is stopped before it costs anything."""
    with system_scope():
        members = [FundedMembershipFactory(user__email=f"{uuid.uuid4()}@example.com") for _ in range(people)]
    measured = runs.start(members[0], model=MODEL)
    services.cancel_generation(measured)
    return {"members": [member.pk for member in members], "one": measured.reserved_cost_usd_micros}


def spend(count: int, member_ids: list[int]) -> dict[str, int]:
    """Start so many runs, by turns; return how often each answer came."""
    with system_scope():
        members = list(Membership.objects.select_related("user", "workspace").filter(pk__in=member_ids).order_by("pk"))
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(_start, islice(cycle(members), count)))


def _start(member: Membership) -> str:
    try:
        return type(runs.start(member, model=MODEL)).__name__
    except DomainError as refusal:
        return refusal.code
    except OperationalError:
        # Too many wait for the same row: a page would answer 503. Nothing was started.
        return UnavailableError.code
    finally:
        connections.close_all()


if __name__ == "__main__":
    act, number, *more = sys.argv[1:]
    answer = prepare(int(number)) if act == "prepare" else spend(int(number), [int(pk) for pk in more[0].split(",")])
    print(json.dumps(answer))  # noqa: T201
