"""Step 1 of a generation: the pages. Each does one thing: who, what, one call."""

from typing import Any
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts import consent
from apps.accounts.access import permission_required, workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.permissions import Permission
from apps.billing import selectors as billing
from apps.billing.entitlements import Entitlements, entitlements
from apps.core.db import workspace_scope
from apps.core.errors import DomainError
from apps.core.htmx import render_page
from apps.core.http import client_address
from apps.core.rate_headers import Reading
from apps.core.rate_limits import counted_as_start
from apps.core.responses import with_limits
from apps.generation import (
    composer,
    estimates,
    feedback,
    library_views,
    limits,
    paywall,
    preferences,
    prompts,
    quotas,
    rollouts,
    selectors,
    services,
)
from apps.generation.composer import Composer
from apps.generation.forms import ComposerForm
from apps.generation.models import Generation

COMPOSER_PAGE = "generation/new.html"
SIZE_DIGITS_MAX = 9


@never_cache
@workspace_required
@require_GET
def new(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show the composer: `?template=` chooses one, `?from=` takes over an earlier text, `?example=1` fills it in.

    It is where a log-in leads, so who only pays is sent on to what they pay.
    """
    if not request.membership.may(Permission.GENERATE):
        return redirect("billing:overview")
    with workspace_scope(request.workspace.pk):
        opened = composer.open_composer(workspace_id=request.workspace.pk, user=request.user, query=request.GET)
        if opened is None:
            raise Http404
        context = _context(request, opened)
    context["starts"] = _find_few_left(request, rights=context["rights"])
    return render_page(request, COMPOSER_PAGE, context, partials=("composer",))


@never_cache
@permission_required(Permission.GENERATE)
@require_GET
def estimate(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show what a text would hold: `template`, `model`, and the size of each field's text in bytes."""
    template = prompts.get_template(request.GET.get("template", ""))
    sizes = {name: _size(request.GET.get(name, "")) for name in request.GET}
    model = request.GET.get("model") or composer.models_for(template)[0]
    with workspace_scope(request.workspace.pk):
        rights = entitlements(request.workspace.pk)
        estimated = estimates.estimate(
            workspace_id=request.workspace.pk,
            template=template,
            inputs=estimates.stand_ins(template, sizes),
            model=model,
            rights=rights,
            instructions=preferences.sentences(preferences.of_user(request.user.pk)),
        )
        paused = composer.find_paused(template=template, model=model, rights=rights)
        must_agree = not consent.is_given(request.user)
        context = {"estimate": estimated, "paused": paused, "must_agree": must_agree} | paywall.of_estimate(
            membership=request.membership,
            needed=estimated.amount,
            balance=estimated.balance,
            return_path=composer.address_of(template),
        )
    context["starts"] = _find_few_left(request, rights=rights)
    # The button is brought along only where it changes: nobody's click is to miss it.
    context["brings_button"] = bool(paused) != ("paused" in request.GET)
    return render(request, f"{COMPOSER_PAGE}#estimate-answer", context)


@never_cache
@permission_required(Permission.SEE_GENERATIONS)
@require_http_methods(["GET", "POST"])
@counted_as_start
def generations(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show the history, or start a generation."""
    return _start(request) if request.method == "POST" else library_views.history(request)


@never_cache
@permission_required(Permission.SEE_GENERATIONS)
@require_GET
def detail(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Show one generation: finished, or as it streams. Of a deleted one, to which the ledger still leads, say so."""
    with workspace_scope(request.workspace.pk):
        deleted = selectors.find_deleted(workspace_id=request.workspace.pk, generation_id=generation_id)
        if deleted is None:
            context = {
                "generation": _get(request, generation_id),
                "feedback": feedback.find(generation_id=generation_id, user_id=request.user.pk),
            }
    if deleted:
        return render_page(request, "generation/deleted.html", {"generation": deleted}, status=404)
    return render_page(request, "generation/detail.html", context)


@permission_required(Permission.SEE_GENERATIONS)
@require_POST
def cancellation(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Stop a generation; the open stream tells how it ended."""
    with workspace_scope(request.workspace.pk):
        generation = _get(request, generation_id)
    services.cancel_generation(generation)
    if request.htmx:
        return HttpResponse(status=204)
    return redirect("generation:detail", generation_id)


@never_cache
@permission_required(Permission.SEE_GENERATIONS)
@require_GET
def markdown(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Return the stored text exactly as the model sent it, for copying."""
    with workspace_scope(request.workspace.pk):
        text = _get(request, generation_id).output
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


def _find_few_left(request: WorkspaceHttpRequest, *, rights: Entitlements) -> Reading | None:
    """Return how many starts are left of this minute, where they are few. Outside of a scope: Redis may be slow."""
    tightest = limits.find_tightest(
        user_id=request.user.pk, workspace_id=request.workspace.pk, address=client_address(request), rights=rights
    )
    return tightest if tightest is not None and limits.is_near(tightest) else None


def _size(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= SIZE_DIGITS_MAX else 0


def _start(request: WorkspaceHttpRequest) -> HttpResponse:
    template = prompts.get_template(request.POST.get("template", ""))
    form = composer.submitted_form(request.POST, template=template, withheld=rollouts.read_withheld(request.user))
    if not form.is_valid():
        return _show_refused(request, form, status=422)
    must_agree = not consent.is_given(request.user)
    if must_agree and request.POST.get("consent") == str(consent.VERSION):
        consent.give(user=request.user)
    with workspace_scope(request.workspace.pk):
        preference = preferences.of_user(request.user.pk)
    try:
        generation = services.start_generation(
            user=request.user,
            workspace=request.workspace,
            template=template,
            inputs=form.inputs(),
            model=form.model(),
            idempotency_key=form.cleaned_data["idempotency_key"],
            address=client_address(request),
            instructions=preferences.sentences(preference),
        )
    except DomainError as error:
        # htmx leaves the form as it is and gets a toast, or the ways to pay; without it, the page must bring back what
        # was typed.
        if request.htmx and isinstance(error, paywall.PAYWALLED):
            return _show_paywall(request, form, refusal=error)
        if request.htmx and not isinstance(error, consent.ConsentRequiredError):
            raise
        return _show_refused(request, form, status=error.status, refusal=error)
    if request.htmx:
        return _show_started(request, generation, has_agreed=must_agree)
    return redirect("generation:detail", generation.pk)


def _show_started(request: WorkspaceHttpRequest, generation: Generation, *, has_agreed: bool) -> HttpResponse:
    with workspace_scope(request.workspace.pk):
        balance = billing.get_balance(request.workspace.pk)
        context = {
            "generation": _get(request, generation.pk),
            "next_key": composer.new_key(),
            "available": balance.available,
            "held": balance.held,
            "has_agreed": has_agreed,
        }
    response = render(request, f"{COMPOSER_PAGE}#composer-started", context)
    response["HX-Push-Url"] = reverse("generation:detail", args=[generation.pk])
    return response


def _show_paywall(request: WorkspaceHttpRequest, form: ComposerForm, *, refusal: paywall.Refusal) -> HttpResponse:
    """Show what is missing and how to get it, beside the text, which stays as it is."""
    with workspace_scope(request.workspace.pk):
        preference = preferences.of_user(request.user.pk)
        estimated = composer.estimate_shown(
            form,
            workspace_id=request.workspace.pk,
            rights=entitlements(request.workspace.pk),
            preference=preference,
        )
        context: dict[str, Any] = {"estimate": estimated}
        context |= paywall.of_refusal(
            refusal, membership=request.membership, return_path=composer.address_of(form.prompt_template)
        )
    response = render(request, f"{COMPOSER_PAGE}#estimate-answer", context, status=refusal.status)
    response["HX-Retarget"] = "#generation-estimate"
    response["HX-Reswap"] = "outerHTML"
    return response


def _show_refused(
    request: WorkspaceHttpRequest, form: ComposerForm, *, status: int, refusal: DomainError | None = None
) -> HttpResponse:
    """Show the composer with what was typed, and what is wrong with it."""
    with workspace_scope(request.workspace.pk):
        templates = rollouts.read_withheld(request.user).templates(prompts.list_templates())
        opened = Composer(form, templates, preferences.of_user(request.user.pk))
        context = _context(request, opened) | {"refusal": refusal}
        if isinstance(refusal, paywall.PAYWALLED):
            context |= paywall.of_refusal(
                refusal, membership=request.membership, return_path=composer.address_of(form.prompt_template)
            )
    if request.htmx:
        response = render(request, f"{COMPOSER_PAGE}#composer-form", context, status=status)
        response["HX-Retarget"] = "#composer-form"
        response["HX-Reswap"] = "outerHTML"
    else:
        response = render(request, COMPOSER_PAGE, context, status=status)
    return with_limits(response, refusal) if refusal else response


def _context(request: WorkspaceHttpRequest, opened: Composer) -> dict[str, Any]:
    rights = entitlements(request.workspace.pk)
    composer.lock_models(opened.form, rights=rights)
    estimated = composer.estimate_shown(
        opened.form, workspace_id=request.workspace.pk, rights=rights, preference=opened.preference
    )
    context = {
        "rights": rights,
        "composer": opened,
        "form": opened.form,
        "template": opened.form.prompt_template,
        "templates": opened.templates,
        "estimate": estimated,
        "paused": composer.find_paused(
            template=opened.form.prompt_template, model=opened.form.shown_model(), rights=rights
        ),
        "must_agree": not consent.is_given(request.user),
        "consent_sentence": consent.SENTENCE,
        "consent_version": consent.VERSION,
    }
    if estimated is not None:
        context |= paywall.of_estimate(
            membership=request.membership,
            needed=estimated.amount,
            balance=estimated.balance,
            return_path=composer.address_of(opened.form.prompt_template),
        )
    # Where a paywall stands, no other limit matters.
    context["near_limits"] = [] if context.get("paywall") else quotas.list_near(request.workspace.pk, rights=rights)
    return context


def _get(request: WorkspaceHttpRequest, generation_id: UUID) -> Generation:
    """Return a generation of this workspace with all that its page tells, within the scope."""
    generation = selectors.find_generation(workspace_id=request.workspace.pk, generation_id=generation_id)
    if generation is None:
        raise Http404
    taken = ["steps"] if generation.rounds_max > 1 else []
    prefetch_related_objects([generation], "attempts", *taken)
    return generation
