"""The lease protocol: who may write for a running generation, and until when. PostgreSQL's clock decides.

Claim only what is queued; renew all leases of a process in one UPDATE; raise the fencing number to take over what died.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from uuid import UUID

import structlog
from django.db import DatabaseError, connection

from apps.core.db import system_scope
from apps.generation import switches
from apps.generation.gateway import errors
from apps.generation.switches import Stop, Work

logger = structlog.get_logger(__name__)

LEASE_SECONDS = 10
# Twice a second: one UPDATE renews every lease of this process and brings back cancellations and lost leases.
KEEPER_SECONDS = 0.5
# Staff have suspended the workspace, or the person, or the person is leaving: nothing of theirs is begun, and what runs
# is stopped.
SUSPENDED = """(
    EXISTS (SELECT FROM accounts_workspace AS workspace
             WHERE workspace.id = generation.workspace_id AND workspace.suspended_at IS NOT NULL)
    OR EXISTS (SELECT FROM accounts_user AS person
                WHERE person.id = generation.user_id
                  AND (person.suspended_at IS NOT NULL OR person.deletion_due_at IS NOT NULL)))"""


@dataclass
class Lease:
    """The right to write for one generation under one fencing number; `ended_by` says why it must stop."""

    generation_id: UUID
    workspace_id: UUID
    fencing_number: int
    request_model: str
    created_at: datetime
    ended_by: errors.ProviderError | None = None
    # What its latest call is, in the words of switches.
    calling: Work | None = None
    woken: threading.Event = field(default_factory=threading.Event)

    def end(self, error: errors.ProviderError) -> None:
        """Tell the run to stop; the first reason counts."""
        self.ended_by = self.ended_by or error
        self.woken.set()


def claim(generation_id: UUID | str) -> Lease | None:
    """Take a queued generation for this process, or return None: somebody else has it, it has ended, or may not run."""
    with system_scope(), connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE generation_generation AS generation
               SET status = 'running', fencing_number = fencing_number + 1, started_at = now(),
                   lease_expires_at = clock_timestamp() + make_interval(secs => %s)
             WHERE id = %s AND status = 'queued' AND NOT {SUSPENDED}
         RETURNING id, workspace_id, fencing_number, request_model, created_at
            """,  # noqa: S608 - a constant of ours
            [LEASE_SECONDS, generation_id],
        )
        row = cursor.fetchone()
    return Lease(*row) if row else None


def take_over_expired(*, limit: int) -> list[Lease]:
    """Take running generations whose lease ran out, to finish them; their workers can write nothing any more."""
    with system_scope(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE generation_generation
               SET fencing_number = fencing_number + 1,
                   lease_expires_at = clock_timestamp() + make_interval(secs => %s)
             WHERE id IN (SELECT id FROM generation_generation
                           WHERE status = 'running' AND lease_expires_at < clock_timestamp()
                           ORDER BY lease_expires_at LIMIT %s FOR UPDATE SKIP LOCKED)
         RETURNING id, workspace_id, fencing_number, request_model, created_at
            """,
            [LEASE_SECONDS, limit],
        )
        return [Lease(*row) for row in cursor.fetchall()]


def holds(lease: Lease) -> bool:
    """Tell whether this lease still stands, and keep it so until the current transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT 1 FROM generation_generation
             WHERE id = %s AND fencing_number = %s AND status = 'running' FOR SHARE
            """,
            [lease.generation_id, lease.fencing_number],
        )
        return cursor.fetchone() is not None


class Keeper:
    """Renews the leases of this process, and wakes the runs that must stop."""

    def __init__(self) -> None:
        self._leases: dict[UUID, Lease] = {}
        self._lock = threading.Lock()
        self._some = threading.Event()
        threading.Thread(target=self._run, name="keeper", daemon=True).start()

    def keep(self, lease: Lease) -> None:
        """Renew this lease until `forget`."""
        with self._lock:
            self._leases[lease.generation_id] = lease
        self._some.set()

    def forget(self, lease: Lease) -> None:
        """Stop renewing this lease."""
        with self._lock:
            self._leases.pop(lease.generation_id, None)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._some.wait()
            self._tick()
            pause.wait(KEEPER_SECONDS)

    def _tick(self) -> None:
        with self._lock:
            leases = list(self._leases.values())
            if not leases:
                self._some.clear()
                return
        try:
            kept, stops = _renew(leases)
        except DatabaseError as error:
            # Without PostgreSQL nobody else can take over either; the next tick tells.
            logger.warning("lease_renewal_failed", error=str(error), leases=len(leases))
            return
        finally:
            connection.close()
        for lease in leases:
            if lease.generation_id not in kept:
                lease.end(errors.LeaseLostError())
            elif kept[lease.generation_id]:
                lease.end(errors.CanceledError())
            elif lease.calling and (stop := switches.find_stop_of_running(lease.calling, stops)):
                lease.end(errors.StoppedByStaffError(stop.sentence))


def _renew(leases: Sequence[Lease]) -> tuple[dict[UUID, bool], list[Stop]]:
    """Renew leases; return those still ours, each with whether its user, or who suspends them, has stopped it.

    With it the switches that are to end what runs.
    """
    # One message, which is one transaction: a process that freezes between two of them would keep these rows locked.
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT set_config('keel.scope', 'system', true);
            UPDATE generation_generation AS generation
               SET lease_expires_at = clock_timestamp() + make_interval(secs => %s)
              FROM unnest(%s::uuid[], %s::int[]) AS mine (id, fencing_number)
             WHERE generation.id = mine.id AND generation.fencing_number = mine.fencing_number
               AND generation.status = 'running'
         RETURNING generation.id, generation.cancel_requested_at IS NOT NULL OR {SUSPENDED};
            SELECT name, reason FROM generation_switch WHERE active AND stops_running
            """,  # noqa: S608 - a constant of ours
            [LEASE_SECONDS, [lease.generation_id for lease in leases], [lease.fencing_number for lease in leases]],
        )
        cursor.nextset()
        kept = dict(cursor.fetchall())
        cursor.nextset()
        return kept, [Stop(*row) for row in cursor.fetchall()]


@cache
def keeper() -> Keeper:
    """Return this process's keeper, started on first use."""
    return Keeper()
