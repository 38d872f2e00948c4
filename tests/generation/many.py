"""Thousands of finished generations at once; their holds come from the owner, as the app role may write none."""

import random
from datetime import timedelta

from django.db import connections
from django.utils import timezone

from apps.accounts.models import Membership
from apps.core.ids import uuid7
from apps.generation import prompts
from apps.generation.models import Conversation, Generation

WORDS = [a + b + c for a in ("ka", "lu", "mo", "ne", "si") for b in ("ran", "tel", "vos", "pim") for c in "aeiou"]
OUTPUT_WORDS = 40
# About one in fifty holds this one.
RARE = "narwhal"


def finished(member: Membership, count: int, *, seed: int = 1) -> None:
    """Give a funded workspace so many succeeded generations, an hour apart, the newest now."""
    random_words = random.Random(seed)
    now, version = timezone.now(), prompts.ensure_version(prompts.get_template("summary"))
    conversation = Conversation.objects.create(workspace=member.workspace, title="Many")
    rows = [
        Generation(
            **{"workspace": member.workspace, "user": member.user, "conversation": conversation, "hold_id": uuid7()},
            **{"template_version": version, "request_model": "keel-demo", "output_tokens_max": 800},
            **{"idempotency_key": str(uuid7()), "fingerprint": "0" * 64, "status": "succeeded"},
            **{"inputs": {"text": _text(random_words)}, "output": _text(random_words), "finish_reason": "stop"},
            **{"created_at": now - timedelta(hours=count - number), "finished_at": now},
        )
        for number in range(count)
    ]
    _insert_holds(member, [row.hold_id for row in rows])
    Generation.objects.bulk_create(rows, batch_size=500)


def analyze() -> None:
    """Let the planner know what is there, as the server's own housekeeping would a minute later."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE generation_generation")


def _text(random_words: random.Random) -> str:
    rare = [RARE] if random_words.random() < 0.02 else []
    return " ".join([*random_words.choices(WORDS, k=OUTPUT_WORDS), *rare])


def _insert_holds(member: Membership, hold_ids: list) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_hold (id, account_id, amount, captured_amount, status, idempotency_key, fingerprint,"
            " end_idempotency_key, end_fingerprint, placed_at, expires_at, ended_at)"
            " SELECT id, %s, 0, 0, 'released', id::text, '', id::text, '', now(), now() + interval '1 hour', now()"
            " FROM unnest(%s::uuid[]) AS id",
            [member.workspace_id, hold_ids],
        )
