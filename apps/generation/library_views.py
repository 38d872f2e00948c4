"""The pages of the history: finding what was generated, deleting it, and taking that back."""

from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseLocation, push_url, replace_url

from apps.accounts.access import permission_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.permissions import Permission
from apps.core.db import workspace_scope
from apps.core.htmx import MAIN, render_page, requested_target
from apps.generation import conversations, library, purging, search, selectors, structured, switches
from apps.generation import history as addresses
from apps.generation.history import Filters, HistoryForm
from apps.generation.models import Generation
from apps.generation.search import Piece
from apps.generation.switches import Work
from apps.generation.titles import make_title

LIST = "generation-list"


@dataclass(frozen=True)
class News:
    """What has just happened, and how to take it back."""

    sentence: str | Promise
    level: str = "success"
    undo_url: str = ""
    # The names of its own toast, and of the one that it answers.
    code: str = ""
    answered: str = ""


class Row(NamedTuple):
    """A generation in the list, with the words that were searched for marked."""

    generation: Generation
    title: list[Piece]
    snippet: list[Piece]
    # How many messages its conversation has.
    messages: int


def history(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show the history; the address is shared with starting a generation, so `views.generations` lets people in."""
    return _show(request, request.GET, news=_undo_offered(request))


@permission_required(Permission.SEE_GENERATIONS)
@require_POST
def deletion(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Delete one generation."""
    return _delete(request, [generation_id])


@permission_required(Permission.SEE_GENERATIONS)
@require_POST
def deletions(request: WorkspaceHttpRequest) -> HttpResponse:
    """Delete the selected generations."""
    return _delete(request, _ids(request.POST))


@permission_required(Permission.SEE_GENERATIONS)
@require_POST
def restoration(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Take the deletion of one generation back."""
    return _restore(request, [generation_id])


@permission_required(Permission.SEE_GENERATIONS)
@require_POST
def restorations(request: WorkspaceHttpRequest) -> HttpResponse:
    """Take the deletion of several generations back: those that the form or the address names."""
    return _restore(request, _ids(request.POST) or _ids(request.GET))


def _delete(request: WorkspaceHttpRequest, ids: list[UUID]) -> HttpResponse:
    if not ids:
        return _nothing_selected(request)
    deleted = library.delete(workspace_id=request.workspace.pk, generation_ids=ids)
    if not deleted:
        raise Http404
    if requested_target(request) == LIST:
        return _show(request, _query(request), news=_deleted(deleted))
    address = HistoryForm(_query(request)).filters().url(undo=",".join(map(str, deleted)))
    return _go(request, address)


def _restore(request: WorkspaceHttpRequest, ids: list[UUID]) -> HttpResponse:
    if not ids:
        return _nothing_selected(request)
    restored = library.restore(workspace_id=request.workspace.pk, generation_ids=ids)
    if not restored:
        raise Http404
    sentence = ngettext("Restored.", "%(count)d generations are restored.", len(restored)) % {"count": len(restored)}
    # The Undo of a toast swaps the page; that toast then goes. Buttons of the list swap the list.
    news = News(sentence, answered=_toast_code(ids) if requested_target(request) == MAIN else "")
    if requested_target(request) == LIST or (requested_target(request) == MAIN and _is_on_the_list(request)):
        return _show(request, _query(request), news=news)
    messages.success(request, sentence)
    return _go(request, HistoryForm(_query(request)).filters().url())


def _nothing_selected(request: WorkspaceHttpRequest) -> HttpResponse:
    sentence = _("Nothing was selected. Tick the ones you mean, then try again.")
    if requested_target(request) == LIST:
        return _show(request, _query(request), news=News(sentence, level="warning"))
    messages.warning(request, sentence)
    return _go(request, HistoryForm(_query(request)).filters().url())


def _show(request: WorkspaceHttpRequest, query: QueryDict, *, news: News | None = None) -> HttpResponse:
    form = HistoryForm(query)
    filters = form.filters()
    before, after = _id(query.get("before", "")), _id(query.get("after", ""))
    with workspace_scope(request.workspace.pk):
        page = selectors.get_history_page(
            workspace_id=request.workspace.pk, filters=filters, before=before, after=after
        )
        names = selectors.name_filters(workspace_id=request.workspace.pk, filters=filters)
        context = _context(form, filters, page, names=names) | {"news": news, "is_fragment": bool(request.htmx)}
        is_first = not (before or after or filters.is_narrowed or filters.view)
        context["pinned"] = conversations.list_pinned(request.workspace.pk) if is_first else []
        context["tags"] = conversations.list_tags(request.workspace.pk)
        context["is_list_alone"] = requested_target(request) == LIST
        context["address"] = filters.url(before=before, after=after)
        context["paused"] = None if context["is_list_alone"] else switches.find_shown_stop(Work())
        response = render_page(request, "generation/list.html", context, partials=(LIST,))
    if request.method == "GET" and requested_target(request) == LIST:
        # The address says what is applied and nothing else; each letter of a search is no step back.
        remember = replace_url if request.htmx.trigger_name == "q" else push_url
        remember(response, context["address"])
    return response


def _context(
    form: HistoryForm, filters: Filters, page: selectors.HistoryPage, *, names: dict[str, str]
) -> dict[str, Any]:
    messages = conversations.count_messages([generation.conversation_id for generation in page.generations])
    return {
        "form": form,
        "filters": filters,
        "chips": addresses.chips(filters, names=names),
        "not_applied": form.not_applied(),
        "rows": [
            _row(generation, wanted=filters.q, messages=messages.get(generation.conversation_id, 1))
            for generation in page.generations
        ],
        "newer_url": filters.url(after=page.newer_than) if page.newer_than else "",
        "older_url": filters.url(before=page.older_than) if page.older_than else "",
        "list_url": Filters().url(),
        "deleted_url": Filters(view=addresses.DELETED).url(),
        "archived_url": Filters(view=addresses.ARCHIVED).url(),
        "clear_url": Filters(view=filters.view).url(),
        "restorable_days": purging.RESTORABLE_DAYS,
    }


def _row(generation: Generation, *, wanted: str, messages: int) -> Row:
    asked = sorted((text for text in generation.inputs.values() if isinstance(text, str)), key=len, reverse=True)
    answered = structured.plain(generation, str(generation.beginning))  # type: ignore[attr-defined]
    # A follow-up goes by its own words: those of the conversation stand beside all of its messages.
    own = make_title(generation.inputs) if generation.parent_id else ""
    title = own or generation.conversation.title or _("Untitled")
    snippet = search.snippet([answered, *asked], wanted=wanted)
    return Row(generation, search.marked(title, wanted=wanted), snippet, messages)


def _deleted(ids: list[UUID]) -> News:
    """Say that generations are deleted, and offer to take it back."""
    code = _toast_code(ids)
    if len(ids) == 1:
        return News(_("Deleted."), undo_url=reverse("generation:restoration", args=ids), code=code)
    sentence = ngettext("%(count)d generation deleted.", "%(count)d generations deleted.", len(ids))
    named = urlencode([("generation", str(one)) for one in ids])
    undo_url = f"{reverse('generation:restorations')}?{named}"
    return News(sentence % {"count": len(ids)}, undo_url=undo_url, code=code)


def _undo_offered(request: WorkspaceHttpRequest) -> News | None:
    """Offer to take back what the address says was just deleted, unless that was done already."""
    ids = [one for one in map(_id, request.GET.get("undo", "").split(",")) if one][: selectors.PAGE_SIZE]
    if not ids:
        return None
    with workspace_scope(request.workspace.pk):
        deleted = selectors.list_deleted_ids(workspace_id=request.workspace.pk, generation_ids=ids)
    return _deleted(deleted) if deleted else None


def _query(request: WorkspaceHttpRequest) -> QueryDict:
    """Return which list the person looks at: as the form says, else as the browser's address does."""
    address = request.POST.get("next") or (request.htmx.current_url or "" if _is_on_the_list(request) else "")
    return QueryDict(urlsplit(address).query)


def _is_on_the_list(request: WorkspaceHttpRequest) -> bool:
    return urlsplit(request.htmx.current_url or "").path == reverse("generation:list")


def _go(request: WorkspaceHttpRequest, address: str) -> HttpResponse:
    if request.htmx:
        return HttpResponseLocation(address, target=f"#{MAIN}", swap="outerHTML")
    return redirect(address)


def _toast_code(ids: list[UUID]) -> str:
    """Name a toast by one of the generations it speaks of."""
    return f"undo-{max(ids)}"


def _ids(data: QueryDict) -> list[UUID]:
    """Return the ids that checkboxes or an address name, at most a page of them."""
    return [one for one in map(_id, data.getlist("generation")) if one][: selectors.PAGE_SIZE]


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
