"""The pages of batches: upload a CSV, look at what it would cost, start it, watch it, and take the results along."""

from pathlib import PurePath
from typing import Any, BinaryIO, cast
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseLocation

from apps.accounts import consent
from apps.accounts.access import permission_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.permissions import Permission
from apps.billing import selectors as billing
from apps.billing.entitlements import entitlements
from apps.core.db import workspace_scope
from apps.core.errors import DomainError
from apps.core.htmx import MAIN, render_page, requested_target
from apps.generation import (
    batch_csv,
    batch_download,
    batch_purging,
    batch_selectors,
    batches,
    composer,
    prompts,
    rollouts,
)
from apps.generation.batch_forms import UploadForm
from apps.generation.batch_words import explain
from apps.generation.models import Batch
from apps.generation.prompts import PromptTemplate

PROGRESS, ROWS = "batch-progress", "batch-rows"
UPLOAD_PAGE = "generation/batches/new.html"
NUMBER_DIGITS_MAX = 9


@never_cache
@permission_required(Permission.SEE_GENERATIONS)
@require_http_methods(["GET", "POST"])
def batch_list(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show the batches of the workspace, or take a CSV."""
    return _upload(request) if request.method == "POST" else _list(request)


@never_cache
@permission_required(Permission.GENERATE)
@require_GET
def new(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show where a CSV is uploaded: `?template=` chooses for what."""
    slug = request.GET.get("template")
    template = prompts.get_template(slug) if slug else _templates(request)[0]
    return render_page(request, UPLOAD_PAGE, _upload_context(request, template=template))


@permission_required(Permission.GENERATE)
@require_GET
def sample(request: WorkspaceHttpRequest) -> HttpResponse:
    """Return a CSV for a template, as `?template=` names it, to fill in. Raises UnknownTemplateError."""
    template = prompts.get_template(request.GET.get("template", ""))
    headers = {"Content-Disposition": f'attachment; filename="{template.slug}-sample.csv"'}
    return HttpResponse(batch_csv.sample(template), content_type="text/csv; charset=utf-8", headers=headers)


@never_cache
@permission_required(Permission.SEE_GENERATIONS)
@require_GET
def detail(request: WorkspaceHttpRequest, batch_id: UUID) -> HttpResponse:
    """Show a batch: what it would cost, or how far it has come. Its parts ask for themselves again while it runs.

    A part that was drawn in another status (`?seen=`) is answered with the whole page: its buttons have changed, too.
    """
    target = requested_target(request)
    with workspace_scope(request.workspace.pk):
        batch = _get(request, batch_id)
        if target in {PROGRESS, ROWS} and request.GET.get("seen", batch.status) != batch.status:
            return HttpResponseLocation(request.path, target=f"#{MAIN}", swap="outerHTML")
        context = _context(request, batch)
    return render_page(request, "generation/batches/detail.html", context, partials=(PROGRESS, ROWS))


@permission_required(Permission.SEE_GENERATIONS)
@require_GET
def download(request: WorkspaceHttpRequest, batch_id: UUID) -> HttpResponseBase:
    """Return the rows with what came of them as CSV, at any time."""
    with workspace_scope(request.workspace.pk):
        batch = _get(request, batch_id)
    name = f"{PurePath(batch.file_name).stem or 'batch'}-results.csv"
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return StreamingHttpResponse(batch_download.stream(batch), content_type="text/csv; charset=utf-8", headers=headers)


def _list(request: WorkspaceHttpRequest) -> HttpResponse:
    before = _id(request.GET.get("before", ""))
    with workspace_scope(request.workspace.pk):
        page = batch_selectors.list_batches(workspace_id=request.workspace.pk, before=before)
        shown = page[: batch_selectors.PAGE_SIZE]
        progress = batch_selectors.get_progress_of(shown)
    here = reverse("generation:batches")
    context = {
        "batches": [(batch, progress[batch.pk]) for batch in shown],
        "older_url": f"{here}?{urlencode({'before': shown[-1].pk})}" if len(page) > len(shown) else "",
        "newest_url": here if before else "",
        "may_generate": request.membership.may(Permission.GENERATE),
    }
    return render_page(request, "generation/batches/list.html", context)


def _upload(request: WorkspaceHttpRequest) -> HttpResponse:
    request.membership.require(Permission.GENERATE)
    template = prompts.get_template(request.POST.get("template", ""))
    context = _upload_context(request, template=template, is_sent=True)
    form: UploadForm = context["form"]
    if not form.is_valid():
        return render(request, UPLOAD_PAGE, context, status=422)
    try:
        file = form.chosen_file()
        batch = batches.upload(
            user=request.user,
            workspace=request.workspace,
            template=template,
            model=form.chosen_model(),
            file=cast(BinaryIO, file.file),
            file_name=file.name or "",
        )
    except DomainError as refusal:
        form.add_error("model" if refusal.code in {"unknown_model", "model_not_in_plan"} else "file", str(refusal))
        return render(request, UPLOAD_PAGE, context, status=refusal.status)
    return redirect("generation:batch", batch.pk)


def _upload_context(
    request: WorkspaceHttpRequest, *, template: PromptTemplate, is_sent: bool = False
) -> dict[str, Any]:
    with workspace_scope(request.workspace.pk):
        rights = entitlements(request.workspace.pk)
    models = composer.models_for(template)
    sent = (request.POST, request.FILES) if is_sent else (None, None)
    return {
        "form": UploadForm(*sent, template=template, models=models, locked=composer.find_locked(models, rights=rights)),
        "template": template,
        "templates": _templates(request),
        "rows_max": batch_csv.ROWS_MAX,
        "bytes_max": settings.BATCH_FILE_BYTES_MAX,
    }


def _templates(request: WorkspaceHttpRequest) -> list[PromptTemplate]:
    return rollouts.read_withheld(request.user).templates(prompts.list_templates())


def _context(request: WorkspaceHttpRequest, batch: Batch) -> dict[str, Any]:
    progress = batch_selectors.get_progress(batch)
    context = {
        "batch": batch,
        "progress": progress,
        "reason": explain(batch.reason),
        "is_live": batch.status == Batch.Status.RUNNING or bool(progress.under_way),
        "may_generate": request.membership.may(Permission.GENERATE),
        "must_agree": not consent.is_given(request.user),
        "consent_sentence": consent.SENTENCE,
        "consent_version": consent.VERSION,
    }
    if batch.status == Batch.Status.READY:
        context |= _price(request, batch, progress)
    if batch.invalid_count:
        context["problems"] = batch_selectors.list_problems(batch)
    return context | _rows(request, batch)


def _price(request: WorkspaceHttpRequest, batch: Batch, progress: batch_selectors.Progress) -> dict[str, Any]:
    """Return what a person has to know before anything starts."""
    balance, rights = billing.get_balance(request.workspace.pk), entitlements(request.workspace.pk)
    template = prompts.find_template(batch.template_version.slug)
    sheet_columns = set(batch.positions.values())
    return {
        "available": balance.available,
        "missing": max(0, progress.credits_ahead - balance.available),
        "plan_name": rights.plan.name,
        "pace": batch_selectors.get_pace(progress.total, limits=rights.limits),
        "unused": [column for place, column in enumerate(batch.columns) if place not in sheet_columns and column],
        "template_is_gone": template is None,
        "unstarted_days": batch_purging.UNSTARTED_DAYS,
    }


def _rows(request: WorkspaceHttpRequest, batch: Batch) -> dict[str, Any]:
    kind = request.GET.get("show", "")
    kind = kind if kind in batch_selectors.KINDS else ""
    after, before = _number(request.GET.get("after", "")), _number(request.GET.get("before", ""))
    page = batch_selectors.get_row_page(batch, kind=kind, after=after, before=before)
    first_field = min(batch.positions.values(), default=0)

    def address(**others: object) -> str:
        return f"{request.path}?{urlencode({name: value for name, value in others.items() if value})}"

    return {
        "rows": [(row, row.cells[first_field] if row.cells else "") for row in page.rows],
        "kind": kind,
        "kinds": batch_selectors.KINDS,
        "rows_url": address(show=kind, after=after, before=before, seen=batch.status),
        "previous_url": address(show=kind, before=page.before) if page.before else "",
        "next_url": address(show=kind, after=page.after) if page.after else "",
    }


def _get(request: WorkspaceHttpRequest, batch_id: UUID) -> Batch:
    batch = batch_selectors.find_batch(workspace_id=request.workspace.pk, batch_id=batch_id)
    if batch is None:
        raise Http404
    return batch


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX else None
