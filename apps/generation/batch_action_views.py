"""What can be done with a batch: each is one POST, and each may be sent twice."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from apps.accounts import consent
from apps.accounts.access import permission_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.permissions import Permission
from apps.core.db import workspace_scope
from apps.generation import batch_selectors, batches
from apps.generation.models import Batch


@permission_required(Permission.GENERATE)
@require_POST
def start(request: WorkspaceHttpRequest, batch_id: UUID) -> HttpResponse:
    """Start a batch, in the name of whoever presses the button. Raises ConsentRequiredError or NothingToRunError."""
    batch = _get(request, batch_id)
    _agree(request)
    batches.start(batch, user=request.user)
    return redirect("generation:batch", batch_id)


@permission_required(Permission.GENERATE)
@require_POST
def pause(request: WorkspaceHttpRequest, batch_id: UUID) -> HttpResponse:
    """Start no further row for now."""
    batches.pause(_get(request, batch_id))
    return redirect("generation:batch", batch_id)


@permission_required(Permission.GENERATE)
@require_POST
def resumption(request: WorkspaceHttpRequest, batch_id: UUID) -> HttpResponse:
    """Go on, in the name of whoever presses the button. Raises ConsentRequiredError."""
    batch = _get(request, batch_id)
    _agree(request)
    batches.resume(batch, user=request.user)
    return redirect("generation:batch", batch_id)


@permission_required(Permission.GENERATE)
@require_POST
def retries(request: WorkspaceHttpRequest, batch_id: UUID) -> HttpResponse:
    """Run the failed rows once more. Raises ConsentRequiredError or NothingToRunError."""
    batch = _get(request, batch_id)
    _agree(request)
    count = batches.retry_failed(batch, user=request.user)
    said = ngettext("%(count)d row is run again.", "%(count)d rows are run again.", count)
    messages.success(request, said % {"count": count})
    return redirect("generation:batch", batch_id)


@permission_required(Permission.GENERATE)
@require_POST
def cancellation(request: WorkspaceHttpRequest, batch_id: UUID) -> HttpResponse:
    """End a batch before its last row."""
    batches.cancel(_get(request, batch_id))
    messages.success(request, _("Canceled: nothing more of this file is started."))
    return redirect("generation:batch", batch_id)


@permission_required(Permission.GENERATE)
@require_POST
def deletion(request: WorkspaceHttpRequest, batch_id: UUID) -> HttpResponse:
    """Delete what was uploaded; the generations stay. Raises BatchUnderWayError."""
    batches.delete(_get(request, batch_id))
    messages.success(request, _("Deleted: the file and its rows are erased."))
    return redirect("generation:batches")


def _get(request: WorkspaceHttpRequest, batch_id: UUID) -> Batch:
    with workspace_scope(request.workspace.pk):
        batch = batch_selectors.find_batch(workspace_id=request.workspace.pk, batch_id=batch_id)
    if batch is None:
        raise Http404
    return batch


def _agree(request: WorkspaceHttpRequest) -> None:
    if not consent.is_given(request.user) and request.POST.get("consent") == str(consent.VERSION):
        consent.give(user=request.user)
