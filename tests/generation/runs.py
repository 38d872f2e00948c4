"""Steps of these tests: submit, run as the worker does, and look at what came of it."""

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx2
from django.conf import settings
from django.db import connections

from apps.accounts.models import ApiKey, Membership
from apps.billing.models import LedgerEntry
from apps.core.ids import uuid7
from apps.core.request_id import bind_request_id
from apps.generation import prompts, services, tasks
from apps.generation.models import Generation
from apps.generation.prompts import PromptTemplate
from apps.usage.models import UsageRecord

PATIENCE_SECONDS = 15
TEXT = "Tides are long waves that the moon and the sun raise in the sea; they come twice a day to most coasts, and go. "


def start(
    member: Membership,
    *,
    model: str = "keel-echo",
    text: str = TEXT,
    key: str = "",
    output_tokens_max: int = 800,
    api_key: ApiKey | None = None,
    template: PromptTemplate | None = None,
    inputs: dict[str, str] | None = None,
) -> Generation:
    """Submit one generation under a request id of its own: of the summary, unless another template is given."""
    bind_request_id()
    summary = template or replace(prompts.get_template("summary"), output_tokens_max=output_tokens_max)
    return services.start_generation(
        user=member.user,
        workspace=member.workspace,
        template=summary,
        inputs=inputs or {"text": text, "format": "Bullet points"},
        model=model,
        idempotency_key=key or str(uuid7()),
        address="203.0.113.7",
        api_key=api_key,
    )


def run(generation: Generation) -> Generation:
    """Do what the worker does when it is rung for a generation."""
    tasks.run_generation(generation_id=str(generation.pk))
    return fresh(generation)


@contextmanager
def running(generation: Generation):
    """Run a generation in a worker's thread beside the block, to its end."""
    thread = threading.Thread(target=_run_and_close, args=[generation])
    thread.start()
    try:
        yield
    finally:
        thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


def fresh(generation: Generation) -> Generation:
    """Return a generation as it is now, with its hold."""
    return Generation.objects.select_related("hold").get(pk=generation.pk)


def calls() -> list[dict[str, Any]]:
    """Return what the model server was asked since the test began."""
    return list(_server("GET").json()["calls"])


def call_of(generation: Generation) -> dict[str, Any] | None:
    """Return the last call for a generation."""
    found = [call for call in calls() if call["headers"].get("x-request-id") == generation.request_id]
    return found[-1] if found else None


def has_sent(generation: Generation, *, characters: int) -> bool:
    """Tell whether the model has sent so much for a generation."""
    call = call_of(generation)
    return call is not None and len(call["text_sent"]) >= characters


def empty_journal() -> None:
    """Forget all calls."""
    _server("DELETE")


def usage_of(generation: Generation) -> list[UsageRecord]:
    """Return the usage records of a generation in the order of its attempts."""
    return list(UsageRecord.objects.filter(subject_id=generation.pk).order_by("id"))


def assert_settled_once(generation: Generation) -> None:
    """The hold ended once, for exactly what the generation and its usage records say."""
    hold, charged = generation.hold, generation.charged_credits
    captures = LedgerEntry.objects.filter(hold=hold, kind=LedgerEntry.Kind.CAPTURE)
    assert generation.is_terminal
    assert hold.status == ("captured" if charged else "released")
    assert [-entry.amount for entry in captures] == ([charged] if charged else [])
    assert hold.captured_amount == charged <= hold.amount
    assert sum(record.charged_credits for record in usage_of(generation)) == charged


def _run_and_close(generation: Generation) -> None:
    try:
        tasks.run_generation(generation_id=str(generation.pk))
    finally:
        connections.close_all()


def _server(method: str) -> httpx2.Response:
    return httpx2.request(method, settings.OPENAI_BASE_URL.removesuffix("/v1") + "/journal", timeout=10)
