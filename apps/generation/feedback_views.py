"""What a person thinks of an answer, and where a run stands in the queue: small parts of a generation's page."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.access import permission_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.permissions import Permission
from apps.core.db import workspace_scope
from apps.core.text import storable
from apps.generation import feedback, selectors
from apps.generation.models import Feedback, Generation

# Tells htmx to ask no more.
STOP_POLLING = 286


@permission_required(Permission.SEE_GENERATIONS)
@require_POST
def verdict(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Keep a verdict with its reason, in the place of the one before; without a known one take it back."""
    with workspace_scope(request.workspace.pk):
        generation = _get(request, generation_id)
    chosen = request.POST.get("verdict", "")
    kept: Feedback | None = None
    if chosen in Feedback.Verdict.values:
        reason = " ".join(storable(request.POST.get("reason", "")).split())[: feedback.REASON_CHARACTERS]
        kept = feedback.give(generation=generation, user_id=request.user.pk, verdict=chosen, reason=reason)
    else:
        feedback.take_back(generation=generation, user_id=request.user.pk)
    if request.htmx:
        context = {"generation": generation, "feedback": kept, "is_answer": True}
        return render(request, "generation/feedback.html", context)
    return redirect("generation:detail", generation_id)


@never_cache
@permission_required(Permission.SEE_GENERATIONS)
@require_GET
def position(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Say how many runs are before a queued one; once it runs, nothing, and that it need not be asked again."""
    with workspace_scope(request.workspace.pk):
        generation = _get(request, generation_id)
    if generation.status != Generation.Status.QUEUED:
        return HttpResponse(status=STOP_POLLING)
    return render(request, "generation/position.html", {"before": selectors.count_before(generation)})


def _get(request: WorkspaceHttpRequest, generation_id: UUID) -> Generation:
    found = selectors.find_generation(workspace_id=request.workspace.pk, generation_id=generation_id)
    if found is None:
        raise Http404
    return found
