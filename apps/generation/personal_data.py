"""What the workshop knows about a person: what they asked for and what they got."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone
from django.utils.text import slugify

from apps.core.db import system_scope
from apps.core.personal_data import Document, in_batches
from apps.generation import batches, purging
from apps.generation.models import Batch, BatchRow, Feedback, Flag, Generation, Preference, ShareLink

SLUG_LENGTH_MAX = 40


def export(user: AbstractBaseUser) -> dict[str, Any]:
    """Return every generation that a user started, also what is deleted and not purged yet, and all beside it."""
    return {
        "generations": _rows(user),
        "batches": _batches(user),
        "batch_rows": _batch_rows(user),
        "preferences": list(Preference.objects.filter(user_id=user.pk).values("tone", "language", "template")),
        "feedback": _feedback(user),
        "share_links": _share_links(user),
    }


def list_documents(user: AbstractBaseUser) -> Iterator[Document]:
    """Yield each of them that has a text as Markdown: what was asked, and what came back."""
    for generation in _list(user):
        if generation.output:
            day, title = generation.created_at.date(), generation.conversation.title
            name = "-".join(filter(None, [str(day), slugify(title)[:SLUG_LENGTH_MAX].strip("-"), str(generation.pk)]))
            yield Document(f"generations/{name}.md", _as_markdown(generation))


def erase(user: AbstractBaseUser) -> None:
    """Empty what a user wrote and got, deleted or not; that a run took place, and its cost, stay for the ledger."""
    batches.erase(Batch.objects.filter(user_id=user.pk))
    purging.empty_all(Generation.objects.filter(user_id=user.pk))
    with system_scope():
        Preference.objects.filter(user_id=user.pk).delete()
        Feedback.objects.filter(user_id=user.pk).delete()
        Flag.users.through.objects.filter(user_id=user.pk).delete()
        # To texts of others as well: nobody is left who could revoke what they gave away.
        ShareLink.objects.filter(created_by_id=user.pk, revoked_at=None).update(revoked_at=timezone.now())


def _feedback(user: AbstractBaseUser) -> Iterator[dict[str, Any]]:
    for given in in_batches(Feedback.objects.filter(user_id=user.pk)):
        yield {
            "generation": str(given.generation_id),
            "verdict": given.verdict,
            "reason": given.reason,
            "updated_at": given.updated_at.isoformat(),
        }


def _share_links(user: AbstractBaseUser) -> Iterator[dict[str, Any]]:
    for link in in_batches(ShareLink.objects.filter(created_by_id=user.pk)):
        yield {
            "generation": str(link.generation_id),
            "is_conversation": link.is_conversation,
            "created_at": link.created_at.isoformat(),
            "revoked_at": link.revoked_at.isoformat() if link.revoked_at else None,
        }


def _list(user: AbstractBaseUser) -> Iterator[Generation]:
    mine = Generation.objects.filter(user_id=user.pk)
    return in_batches(mine.select_related("template_version", "conversation"))


def _rows(user: AbstractBaseUser) -> Iterator[dict[str, Any]]:
    for generation in _list(user):
        yield {
            "id": str(generation.pk),
            "created_at": generation.created_at.isoformat(),
            "deleted_at": generation.deleted_at.isoformat() if generation.deleted_at else None,
            "template": generation.template_version.slug,
            "title": generation.conversation.title,
            "tags": generation.conversation.tags,
            "inputs": generation.inputs,
            "output": generation.output,
            "status": generation.status,
        }


def _batches(user: AbstractBaseUser) -> Iterator[dict[str, Any]]:
    for batch in in_batches(Batch.objects.filter(user_id=user.pk).select_related("template_version")):
        yield {
            "id": str(batch.pk),
            "created_at": batch.created_at.isoformat(),
            "template": batch.template_version.slug,
            "file_name": batch.file_name,
            "columns": batch.columns,
            "status": batch.status,
        }


def _batch_rows(user: AbstractBaseUser) -> Iterator[dict[str, Any]]:
    for row in in_batches(BatchRow.objects.filter(batch__user_id=user.pk)):
        generation = str(row.generation_id) if row.generation_id else None
        yield {"batch": str(row.batch_id), "line": row.line, "cells": row.cells, "generation": generation}


def _as_markdown(generation: Generation) -> str:
    asked = "\n\n".join(f"**{name}**\n\n{text}" for name, text in generation.inputs.items() if text)
    head = f"{generation.created_at:%Y-%m-%d %H:%M} UTC · {generation.template_version.slug}"
    return f"{head}\n\n{asked}\n\n---\n\n{generation.output}\n"
