"""Taking texts elsewhere: as a page in a file, as Markdown, and behind a private link."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from apps.accounts.access import permission_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.permissions import Permission
from apps.core.db import workspace_scope
from apps.core.htmx import render_page
from apps.core.rate_limits import limited
from apps.generation import exports, selectors, sharing, thread
from apps.generation.models import Generation, ShareLink

NAME_CHARACTERS = 60


@never_cache
@permission_required(Permission.SEE_GENERATIONS)
@require_GET
def html(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Return one answer as a page of its own that needs nothing else."""
    with workspace_scope(request.workspace.pk):
        generation = _get(request, generation_id)
        return _file(generation, [generation], is_conversation=False)


@never_cache
@permission_required(Permission.SEE_GENERATIONS)
@require_GET
def conversation_html(request: WorkspaceHttpRequest, conversation_id: UUID) -> HttpResponse:
    """Return a conversation as a page of its own, along the path that the page shows."""
    with workspace_scope(request.workspace.pk):
        turns = _turns(request, conversation_id)
        return _file(turns[-1], turns, is_conversation=True)


@never_cache
@permission_required(Permission.SEE_GENERATIONS)
@require_GET
def conversation_markdown(request: WorkspaceHttpRequest, conversation_id: UUID) -> HttpResponse:
    """Return a conversation as Markdown."""
    with workspace_scope(request.workspace.pk):
        text = exports.as_markdown(_turns(request, conversation_id))
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


@never_cache
@permission_required(Permission.SEE_GENERATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def share_links(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Show the ways out of the product, or make a private link and show it this once.

    Raises NothingToShareError or TooManyShareLinksError.
    """
    with workspace_scope(request.workspace.pk):
        generation = _get(request, generation_id)
    if request.method != "POST":
        return _share_page(request, generation)
    _link, secret = sharing.create(
        generation=generation, user_id=request.user.pk, is_conversation=bool(request.POST.get("conversation"))
    )
    address = request.build_absolute_uri(reverse("shared", args=[secret]))
    return _share_page(request, generation, made=address)


@permission_required(Permission.SEE_GENERATIONS)
@require_POST
def revocation(request: WorkspaceHttpRequest, link_id: UUID) -> HttpResponse:
    """Revoke a private link: it shows nothing any more, to nobody."""
    link = sharing.revoke(workspace_id=request.workspace.pk, link_id=link_id)
    if link is None:
        raise Http404
    messages.success(request, _("The link is revoked. It shows nothing any more."))
    return redirect("generation:share_links", link.generation_id)


@never_cache
@limited(group="shared", method="GET")
@require_safe
def shared(request: HttpRequest, secret: str) -> HttpResponse:
    """Show what a private link leads to, to whoever has it. Names nobody."""
    found = sharing.open_link(secret)
    if found is None:
        response = render(request, "generation/shared_gone.html", status=404)
    else:
        response = render(request, "generation/shared.html", {"shared": found})
    # The address is the secret: it is told to no other site, and to no search engine.
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _share_page(request: WorkspaceHttpRequest, generation: Generation, *, made: str = "") -> HttpResponse:
    with workspace_scope(request.workspace.pk):
        links: list[ShareLink] = list(sharing.list_links(generation))
        known = {"generation": generation, "links": links, "made": made, "has_more": generation.parent_id is not None}
        return render_page(request, "generation/share.html", known)


def _file(last: Generation, turns: list[Generation], *, is_conversation: bool) -> HttpResponse:
    title = last.conversation.title or _("Untitled")
    page = {"turns": turns, "title": title, "is_conversation": is_conversation}
    response = HttpResponse(render_to_string("generation/export.html", page), content_type="text/html; charset=utf-8")
    name = slugify(title)[:NAME_CHARACTERS].strip("-") or "text"
    response["Content-Disposition"] = f'attachment; filename="{name}.html"'
    return response


def _turns(request: WorkspaceHttpRequest, conversation_id: UUID) -> list[Generation]:
    at = request.GET.get("at", "")
    try:
        leaf = UUID(at) if at else None
    except ValueError:
        leaf = None
    found = thread.read_thread(workspace_id=request.workspace.pk, conversation_id=conversation_id, at=leaf)
    if found is None:
        raise Http404
    return [turn.generation for turn in found.turns]


def _get(request: WorkspaceHttpRequest, generation_id: UUID) -> Generation:
    found = selectors.find_generation(workspace_id=request.workspace.pk, generation_id=generation_id)
    if found is None:
        raise Http404
    return found
