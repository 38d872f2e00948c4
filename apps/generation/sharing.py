"""Private links to answers: whoever has one reads what it shows, without logging in, until it is revoked.

A link shows one answer; or a conversation up to it, as it was when the link was made: what is said later is not in it,
and what is deleted is gone from it.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import mailed_links
from apps.core.db import system_scope, workspace_scope
from apps.core.errors import DomainError
from apps.generation import thread
from apps.generation.models import Generation, ShareLink

LINKS_MAX = 20


class NothingToShareError(DomainError):
    """There is no finished text that a link could show."""

    code = "nothing_to_share"
    status = 409
    sentence = _("There is no finished text to share yet. Wait for the end of this run, then try again.")


class TooManyShareLinksError(DomainError):
    """An answer has as many links as it can have."""

    code = "too_many_share_links"
    status = 409
    sentence = _("This text has many links already. Revoke one that you do not need, then try again.")


@dataclass(frozen=True)
class Shared:
    """What a link shows: the answers, oldest first, with what was asked where the whole conversation is shared."""

    turns: list[Generation]
    is_conversation: bool


def create(*, generation: Generation, user_id: int, is_conversation: bool) -> tuple[ShareLink, str]:
    """Make a link; return it with its secret, which nobody can tell again.

    Raises NothingToShareError or TooManyShareLinksError.
    """
    if not generation.is_terminal or not generation.output:
        raise NothingToShareError
    secret = mailed_links.new_secret()
    with workspace_scope(generation.workspace_id):
        # The row is the lock of those who make links for it at the same time.
        Generation.objects.select_for_update(of=("self",)).get(pk=generation.pk)
        if list_links(generation).count() >= LINKS_MAX:
            raise TooManyShareLinksError
        made = ShareLink.objects.create(
            workspace_id=generation.workspace_id,
            generation_id=generation.pk,
            created_by_id=user_id,
            is_conversation=is_conversation,
            digest=mailed_links.digest_of(secret),
        )
    return made, secret


def revoke(*, workspace_id: UUID, link_id: UUID) -> ShareLink | None:
    """End a link at once, for good; None when it is not there. Twice is once."""
    with workspace_scope(workspace_id):
        link = ShareLink.objects.filter(workspace_id=workspace_id, pk=link_id).first()
        if link is not None:
            ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now())
    return link


def list_links(generation: Generation) -> QuerySet[ShareLink]:
    """Return the links of a generation that work, the newest first. Within a scope."""
    links = ShareLink.objects.filter(workspace_id=generation.workspace_id, generation_id=generation.pk)
    return links.filter(revoked_at=None).select_related("created_by").order_by("-id")


def open_link(secret: str) -> Shared | None:
    """Return what a link shows; None when there is no such link, or it shows nothing any more."""
    with system_scope():
        link = (
            ShareLink.objects.filter(
                digest=mailed_links.digest_of(secret),
                revoked_at=None,
                generation__deleted_at=None,
                workspace__deleted_at=None,
                workspace__suspended_at=None,
                created_by__is_active=True,
                created_by__deletion_due_at=None,
            )
            .select_related("generation__template_version")
            .first()
        )
        if link is None or not link.generation.output:
            return None
        shown = [link.generation]
        if link.is_conversation:
            shown = [one for one in thread.list_up_to(link.generation) if one.output]
        return Shared(shown, link.is_conversation)
