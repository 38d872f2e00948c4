"""One connection of the benchmark of settling: prepares runs and settles them, as it is told on its standard input."""

import sys
import time
import uuid

import django

django.setup()

from apps.accounts import consent  # noqa: E402
from apps.accounts.models import User  # noqa: E402
from apps.accounts.services import create_personal_workspace  # noqa: E402
from apps.billing import ledger  # noqa: E402
from apps.core.db import system_scope, workspace_scope  # noqa: E402
from apps.core.ids import uuid7  # noqa: E402
from apps.generation import leases, prompts, services, settling  # noqa: E402
from apps.generation.leases import Lease  # noqa: E402
from apps.generation.models import Attempt  # noqa: E402
from apps.generation.outcomes import AttemptOutcome, RunOutcome  # noqa: E402
from apps.usage import rollups  # noqa: E402
from apps.usage.rating import Confidence, TokenCount  # noqa: E402

WORKSPACES = 20
INPUTS = {"text": "The tide comes in, the tide goes out. " * 20, "format": "Bullet points"}
add_records = rollups.add_records


def main() -> None:
    people = [_person() for _ in range(WORKSPACES)]
    waiting: list[tuple[Lease, RunOutcome]] = []
    for line in sys.stdin:
        act, more = line.split()
        if act == "prepare":
            waiting = [_run(people[number % WORKSPACES]) for number in range(int(more))]
            print("ready", flush=True)
            continue
        rollups.add_records = add_records if more == "with" else _nothing
        begin = time.time()
        for lease, outcome in waiting:
            assert settling.settle(lease, outcome)
        print(begin, time.time(), flush=True)


def _person() -> User:
    with system_scope():
        user = User.objects.create_user(f"{uuid.uuid4()}@example.com", consent_version=consent.VERSION)
        workspace = create_personal_workspace(user=user)
        ledger.grant(workspace_id=workspace.pk, amount_credits=10**9, source="plan", idempotency_key="bench")
    user.bench_workspace = workspace  # type: ignore[attr-defined]
    return user


def _run(user: User) -> tuple[Lease, RunOutcome]:
    """Start a run and claim it as a worker does; return how it will end."""
    generation = services.start_generation(
        user=user,
        workspace=user.bench_workspace,  # type: ignore[attr-defined]
        template=prompts.get_template("summary"),
        inputs=INPUTS,
        model="gpt-4o",
        idempotency_key=str(uuid7()),
        address="203.0.113.7",
    )
    lease = leases.claim(generation.pk)
    assert lease is not None
    attempt_id = uuid7()
    with workspace_scope(lease.workspace_id):
        Attempt.objects.create(
            id=attempt_id, generation_id=generation.pk, number=1, provider="openai", request_model="gpt-4o"
        )
    tokens = TokenCount(300, 200, 0, Confidence.EXACT)
    ended = AttemptOutcome(attempt_id, "openai", "gpt-4o", "gpt-4o", "succeeded", tokens=tokens)
    return lease, RunOutcome("succeeded", "The tide comes in. " * 40, (ended,), "stop")


def _nothing(record_ids: object) -> None:
    """Leave the rollups alone."""


if __name__ == "__main__":
    main()
