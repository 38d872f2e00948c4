"""Answers that may be given again: found by all that went into them, for a part of their price, until they run out.

An entry points at the generation that was answered and holds no text of its own: whoever deletes or erases that
generation takes the answer out of the cache. Others' answers are found only where the template says `scope: public`.
Two starts at once may both ask the model; nobody waits for the other.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from apps.core.db import system_scope, workspace_scope
from apps.generation.answer_policies import CachePolicy
from apps.generation.context import Messages
from apps.generation.leases import Lease
from apps.generation.models import CachedAnswer, Generation


@dataclass(frozen=True)
class CachedHit:
    """A generation whose answer may be given again, and what that costs, in credits."""

    source: Generation
    price_credits: int


def find(generation: Generation, *, policy: CachePolicy | None, messages: Messages) -> CachedHit | None:
    """Return the newest answer to exactly this; None where there is none, or the template keeps none.

    Who asks for another answer to the same, as a variant of it, gets one of the model's.
    """
    if policy is None or generation.variant_of_id:
        return None
    mine = Q(workspace_id=generation.workspace_id)
    readable = mine | Q(is_public=True) if policy.scope == "public" else mine
    with system_scope():
        found = (
            CachedAnswer.objects.filter(
                readable,
                inputs_hash=_hash(generation, policy=policy, messages=messages),
                expires_at__gt=generation.created_at,
                generation__deleted_at=None,
                generation__purged_at=None,
            )
            .exclude(generation__output="")
            .select_related("generation")
            .order_by("-expires_at")
            .first()
        )
    if found is None:
        return None
    return CachedHit(found.generation, _price(found.generation.charged_credits, percent=policy.percent))


def give(generation: Generation, hit: CachedHit) -> None:
    """Let a generation that is not written yet be one that has succeeded with this answer."""
    generation.status = Generation.Status.SUCCEEDED
    generation.output = hit.source.output
    generation.finish_reason = hit.source.finish_reason
    generation.is_cached = True
    generation.charged_credits = hit.price_credits
    generation.started_at = generation.finished_at = generation.created_at


def keep(lease: Lease, *, policy: CachePolicy | None, messages: Messages) -> None:
    """Keep the answer of a generation that a run has just ended, if it is one to be given again."""
    if policy is None:
        return
    with workspace_scope(lease.workspace_id):
        generation = Generation.objects.select_related("template_version").get(pk=lease.generation_id)
        if not _is_worth_it(generation):
            return
        assert generation.finished_at is not None
        entry = CachedAnswer(
            generation=generation,
            workspace_id=generation.workspace_id,
            is_public=policy.scope == "public",
            inputs_hash=_hash(generation, policy=policy, messages=messages),
            expires_at=_expires_at(generation.finished_at, policy),
        )
        CachedAnswer.objects.bulk_create([entry], ignore_conflicts=True)


def delete_expired(*, now: datetime) -> None:
    """Forget what nobody can be given any more."""
    with system_scope():
        CachedAnswer.objects.filter(expires_at__lte=now).delete()


def _is_worth_it(generation: Generation) -> bool:
    """Whole answers only, which cost something, and of which nothing was found that a policy minds."""
    is_whole = generation.status == Generation.Status.SUCCEEDED and generation.finish_reason == "stop"
    return is_whole and generation.charged_credits > 0 and not generation.findings


def _price(charged_credits: int, *, percent: int) -> int:
    return -(-charged_credits * percent // 100)


def _expires_at(at: datetime, policy: CachePolicy) -> datetime:
    return at + timedelta(days=policy.days)


def _hash(generation: Generation, *, policy: CachePolicy, messages: Messages) -> str:
    content = {
        "version": generation.template_version.fingerprint,
        "slug": generation.template_version.slug,
        "inputs": generation.inputs,
        "messages": messages,
        "model": generation.request_model,
        "workspace": "" if policy.scope == "public" else str(generation.workspace_id),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
