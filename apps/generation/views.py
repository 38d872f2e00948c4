"""Step 1 of a generation: the pages. Each does one thing: who, what, one call."""

import secrets
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.access import workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.core.db import workspace_scope
from apps.core.http import client_address
from apps.generation import prompts, selectors, services
from apps.generation.forms import ComposerForm
from apps.generation.models import Generation


@never_cache
@workspace_required
@require_GET
def new(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show the composer for one template."""
    template = prompts.get_template(request.GET.get("template", prompts.list_templates()[0].slug))
    page = "generation/new.html#composer-form" if request.htmx else "generation/new.html"
    return render(request, page, _composer(_empty_form(template)))


@never_cache
@workspace_required
@require_http_methods(["GET", "POST"])
def generations(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show the history, or start a generation."""
    return _start(request) if request.method == "POST" else _history(request)


@never_cache
@workspace_required
@require_GET
def detail(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Show one generation: finished, or as it streams."""
    generation = _get(request, generation_id)
    return render(request, "generation/detail.html", {"generation": generation})


@workspace_required
@require_POST
def cancellation(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Stop a generation; the open stream tells how it ended."""
    services.cancel_generation(_get(request, generation_id))
    if request.htmx:
        return HttpResponse(status=204)
    return redirect("generation:detail", generation_id)


@never_cache
@workspace_required
@require_GET
def markdown(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Return the stored text exactly as the model sent it, for copying."""
    return HttpResponse(_get(request, generation_id).output, content_type="text/markdown; charset=utf-8")


def _start(request: WorkspaceHttpRequest) -> HttpResponse:
    template = prompts.get_template(request.POST.get("template", ""))
    form = ComposerForm(request.POST, template=template, models=settings.GENERATION_MODELS)
    if not form.is_valid():
        return _show_errors(request, form)
    generation = services.start_generation(
        user=request.user,
        workspace=request.workspace,
        template=template,
        inputs=form.inputs(),
        model=form.model(),
        idempotency_key=form.cleaned_data["idempotency_key"],
        address=client_address(request),
    )
    if not request.htmx:
        return redirect("generation:detail", generation.pk)
    response = render(
        request, "generation/new.html#composer-started", {"generation": generation, "next_key": _new_key()}
    )
    response["HX-Push-Url"] = reverse("generation:detail", args=[generation.pk])
    return response


def _show_errors(request: WorkspaceHttpRequest, form: ComposerForm) -> HttpResponse:
    if not request.htmx:
        return render(request, "generation/new.html", _composer(form), status=422)
    response = render(request, "generation/new.html#composer-form", _composer(form), status=422)
    response["HX-Retarget"] = "#composer-form"
    response["HX-Reswap"] = "outerHTML"
    return response


def _history(request: WorkspaceHttpRequest) -> HttpResponse:
    with workspace_scope(request.workspace.pk):
        listed = list(selectors.list_generations(workspace_id=request.workspace.pk, before=_before(request)))
    more = listed[-1].pk if len(listed) == selectors.PAGE_SIZE else None
    return render(request, "generation/list.html", {"generations": listed, "next": more})


def _before(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET["before"])
    except (KeyError, ValueError):
        return None


def _get(request: WorkspaceHttpRequest, generation_id: UUID) -> Generation:
    with workspace_scope(request.workspace.pk):
        generation = selectors.find_generation(workspace_id=request.workspace.pk, generation_id=generation_id)
    if generation is None:
        raise Http404
    return generation


def _empty_form(template: prompts.PromptTemplate) -> ComposerForm:
    initial = {"template": template.slug, "idempotency_key": _new_key()}
    return ComposerForm(template=template, models=settings.GENERATION_MODELS, initial=initial)


def _composer(form: ComposerForm) -> dict[str, Any]:
    return {"form": form, "template": form.prompt_template, "templates": prompts.list_templates()}


def _new_key() -> str:
    return secrets.token_urlsafe(16)
