"""A month of one customer: every run held, metered and settled by the product's own services, at its own time."""

import secrets
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import time_machine
from django.db import connections

from apps.accounts.models import User, Workspace
from apps.billing import ledger
from apps.core.db import system_scope
from apps.generation import context, estimates, outcomes, prompts, settling
from apps.generation.answer_policies import Policy
from apps.generation.leases import Lease
from apps.generation.models import Attempt, Conversation, Generation
from apps.generation.outcomes import AttemptOutcome, RunOutcome
from apps.generation.prompts import PromptTemplate
from dev.model_server.demo_text import write_answer
from dev.sample_data import rounds, texts
from dev.sample_data.run import Run

DAYS = 30
MODELS = ("keel-demo", "keel-demo", "keel-demo", "gpt-4o-mini", "gpt-4.1-mini")
FAILURES = ("provider_unavailable", "first_token_timeout", "stream_interrupted", "content_filtered")
# What the database dates by its own clock: table, column, and whose date is the right one.
DATED_BY_THE_DATABASE = (
    ("billing_hold", "placed_at", "created_at", "id"),
    ("billing_hold", "ended_at", "finished_at", "id"),
    ("billing_ledgerentry", "created_at", "finished_at", "hold_id"),
)


def grant_credits(workspace: Workspace, *, until: datetime) -> None:
    """Give what a customer of a month would have got: a plan's credits, and a promotion that ends soon."""
    for source, amount, expires_at, note in (
        ("plan", 2_000, None, "Monthly credits"),
        ("promotion", 300, until + timedelta(days=9), "Thank you for the bug report"),
    ):
        ledger.grant(
            workspace_id=workspace.pk,
            amount_credits=amount,
            source=source,
            expires_at=expires_at,
            idempotency_key=f"sample:{source}:{until.isoformat()}",
            note=note,
        )


def live_through(workspace: Workspace, *, user: User, until: datetime) -> dict[str, UUID]:
    """Make a month of generations and a few of each special kind; return the ids of the special ones by name."""
    for run in _ordinary_runs(until=until):
        make_run(run, workspace=workspace, user=user)
    special = _special_runs(until=until) | rounds.list_runs(until=until)
    ids = {name: make_run(run, workspace=workspace, user=user) for name, run in special.items()}
    rounds.add_steps(ids)
    return ids


def make_run(run: Run, *, workspace: Workspace, user: User) -> UUID:
    """Start a generation, attempt it once and settle it, all at its own time. Return its id."""
    with time_machine.travel(run.at):
        generation = start(run, workspace=workspace, user=user)
        with system_scope():
            attempt = Attempt.objects.create(
                id=_id_at(run.at), generation=generation, number=1, provider="local", request_model=run.model
            )
    with time_machine.travel(run.at + timedelta(seconds=run.lasts_seconds)):
        lease = Lease(generation.pk, workspace.pk, generation.fencing_number, run.model, run.at)
        assert settling.settle(lease, _outcome(run, generation, attempt)), "a made-up lease is never lost"
    return generation.pk


def start(run: Run, *, workspace: Workspace, user: User, **more: object) -> Generation:
    """Write a generation and its hold, running unless told otherwise."""
    inputs = inputs_for(run.template, title=run.title, details=run.details)
    hold_id, generation_id = _id_at(run.at), _id_at(run.at)
    running = {
        "status": "running",
        "created_at": run.at,
        "started_at": run.at,
        "lease_expires_at": run.at + timedelta(days=365),
    }
    with system_scope():
        generation = Generation.objects.create(
            id=generation_id,
            workspace=workspace,
            user=user,
            conversation=Conversation.objects.create(id=_id_at(run.at), workspace=workspace, title=run.title[:120]),
            hold_id=hold_id,
            template_version=prompts.ensure_version(run.template),
            inputs=inputs,
            request_model=run.model,
            output_tokens_max=run.template.output_tokens_max,
            rounds_max=run.template.policy.rounds_max,
            idempotency_key=str(generation_id),
            fingerprint="0" * 64,
            request_id=generation_id.hex,
            fencing_number=1,
            findings=dict(run.findings),
            **(running | more),
        )
        ledger.place_hold(
            hold_id=hold_id,
            workspace_id=workspace.pk,
            amount_credits=estimates.estimate_credits(template=run.template, inputs=inputs, model=run.model, at=run.at),
            idempotency_key=f"hold:generation:{generation_id}",
            ttl_seconds=ledger.HOLD_TTL_SECONDS_MAX,
        )
    return generation


def inputs_for(template: PromptTemplate, *, title: str, details: str) -> dict[str, str]:
    """Fill in a template's form, whatever fields it has."""
    written = {"text": title, "textarea": f"{title}. {details}"}
    return {
        field.name: field.choices[0] if field.kind == "select" else written[field.kind][: field.characters_max]
        for field in template.fields
    }


def date_back(workspace: Workspace) -> None:
    """Move what the database has dated by its own clock to the time of its generation, as the tables' owner.

    Only ever on a laptop: nothing in the product can do this, and the ledger's amounts stay as they are.
    """
    with connections["owner"].cursor() as cursor:
        for table, column, right, key in DATED_BY_THE_DATABASE:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(
                f"UPDATE {table} SET {column} = generation.{right} FROM generation_generation AS generation"
                f" WHERE {table}.{key} = generation.hold_id AND generation.workspace_id = %s"
                f" AND generation.{right} IS NOT NULL",
                [workspace.pk],
            )
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for table, brought in (("billing_ledgerentry", "hold_id IS NULL"), ("billing_creditgrant", "true")):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(
                f"UPDATE {table} SET created_at = created_at - make_interval(days => %s)"
                f" WHERE account_id = %s AND {brought} AND created_at > now() - interval '1 day'",
                [DAYS + 1, workspace.pk],
            )
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _ordinary_runs(*, until: datetime) -> list[Run]:
    random = Random(4)  # always the same month
    templates = [template for template in prompts.list_templates() if template.policy == Policy()]
    runs = []
    for day in range(DAYS, 0, -1):
        morning = (until - timedelta(days=day)).replace(hour=7, minute=0, second=0, microsecond=0)
        weekend = morning.weekday() >= 5
        for _number in range(random.randint(0, 1) if weekend else random.randint(1, 3)):
            title, details = random.choice(texts.TOPICS)
            failed = random.random() < 0.06
            runs.append(
                Run(
                    at=morning + timedelta(seconds=random.randint(0, 10 * 3600)),
                    template=random.choice(templates),
                    title=title,
                    details=details,
                    model=random.choice(MODELS),
                    status="failed" if failed else "succeeded",
                    finish_reason="error" if failed else "stop",
                    error_code=random.choice(FAILURES) if failed else "",
                    lasts_seconds=random.randint(4, 19),
                )
            )
    return sorted(runs, key=lambda run: run.at)


def _special_runs(*, until: datetime) -> dict[str, Run]:
    template = prompts.list_templates()[0]
    hour = timedelta(hours=1)

    def run(hours: float, **more: object) -> Run:
        title, details = texts.TOPICS[0]
        return Run(**({"at": until - hours * hour, "template": template, "title": title, "details": details} | more))

    return {
        "deleted": run(30),
        "long_words": run(8, title=texts.LONG_TITLE, details=texts.LONG_WORDS, output=texts.LONG_WORDS),
        "length": run(5, title="Everything about the tides", output=texts.CUT_BY_LENGTH, finish_reason="length"),
        "erased": run(7, title="A letter about a debt"),
        "found": run(6, title="An answer to Ada", findings=texts.FOUND),
        "stopped": run(
            4, title="A story about the moon", status="canceled", output=texts.STOPPED, finish_reason="canceled"
        ),
        "stopped_by_us": run(
            3.5,
            title="The sea at night",
            status="canceled",
            output=texts.STOPPED,
            finish_reason="canceled",
            stop_reason=texts.STOP_REASON,
        ),
        "failed": run(
            3, title="Ferry times", status="failed", finish_reason="error", error_code="provider_unavailable"
        ),
        "succeeded": run(2, title="Tide tables, release 4", output=texts.ALL_OF_MARKDOWN),
    }


def _outcome(run: Run, generation: Generation, attempt: Attempt) -> RunOutcome:
    prompt = context.prompt_of(context.messages_of(generation))
    text = "" if run.status == Generation.Status.FAILED else run.output or write_answer(f"{run.title}. {run.details}")
    tokens = outcomes.count_tokens(
        prompt=prompt, output=text, reported=None, output_tokens_max=run.template.output_tokens_max
    )
    duration = run.lasts_seconds * 1000
    ended = AttemptOutcome(
        attempt.pk, "local", run.model, run.model, run.status, run.error_code, "", tokens, duration // 5, duration
    )
    return RunOutcome(run.status, text, (ended,), run.finish_reason, run.error_code, stop_reason=run.stop_reason)


def _id_at(at: datetime) -> UUID:
    """Return a UUIDv7 as it would have been made at that time."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))
