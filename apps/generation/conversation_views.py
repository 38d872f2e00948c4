"""The page of a conversation: what was said, the next message, other versions of an answer, and its name and place."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseLocation

from apps.accounts import consent
from apps.accounts.access import permission_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.permissions import Permission
from apps.billing.entitlements import Entitlements, entitlements
from apps.core.db import workspace_scope
from apps.core.errors import DomainError
from apps.core.htmx import MAIN, render_page
from apps.core.http import client_address
from apps.core.rate_limits import counted_as_start
from apps.core.responses import with_limits
from apps.generation import (
    catalogue,
    composer,
    context,
    conversations,
    estimates,
    paywall,
    preferences,
    prompts,
    selectors,
    services,
    switches,
    thread,
)
from apps.generation.conversation_forms import FollowUpForm, LabelForm
from apps.generation.estimates import Estimate
from apps.generation.models import Generation
from apps.generation.switches import Stop, Work
from apps.generation.thread import Thread

PAGE = "generation/conversation.html"
# Where the page is to be after a new message: at what is being written.
AT_THE_ANSWER = "outerHTML show:#generation-panel:top"


@never_cache
@permission_required(Permission.SEE_GENERATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
@counted_as_start
def conversation(request: WorkspaceHttpRequest, conversation_id: UUID) -> HttpResponse:
    """Show a conversation, along `?at=` or to its newest message; or send the next message.

    `?edit=` takes over the text of an earlier message, to be sent once more in its place.
    """
    if request.method == "POST":
        return _send(request, conversation_id)
    with workspace_scope(request.workspace.pk):
        edited = _find(request, request.GET.get("edit", ""), conversation_id=conversation_id)
        if edited and edited.parent_id:
            shown = _read(request, conversation_id, at=edited.parent_id, ends_there=True)
            return _page(request, shown, _empty_form(shown, text=edited.inputs.get("text", "")), is_edited=True)
        shown = _read(request, conversation_id, at=_uuid(request.GET.get("at", "")))
        return _page(request, shown, _empty_form(shown))


@permission_required(Permission.GENERATE)
@require_POST
@counted_as_start
def variants(request: WorkspaceHttpRequest, generation_id: UUID) -> HttpResponse:
    """Run the same inputs once more, beside the answer that is there."""
    with workspace_scope(request.workspace.pk):
        original = _get(request, generation_id)
    template = prompts.find_template(original.template_version.slug)
    if template is None:
        raise prompts.UnknownTemplateError
    made = services.start_generation(
        user=request.user,
        workspace=request.workspace,
        template=template,
        inputs=original.inputs,
        model=original.request_model,
        idempotency_key=request.POST.get("idempotency_key", "")[:64] or composer.new_key(),
        address=client_address(request),
        variant_of=original,
    )
    return _go_to_answer(request, made)


@permission_required(Permission.SEE_GENERATIONS)
@require_POST
def label(request: WorkspaceHttpRequest, conversation_id: UUID) -> HttpResponse:
    """Give a conversation its title and tags."""
    form = LabelForm(request.POST)
    if not form.is_valid():
        with workspace_scope(request.workspace.pk):
            shown = _read(request, conversation_id)
            return _page(request, shown, _empty_form(shown), status=422, label_form=form)
    wanted = {"title": form.cleaned_data["title"], "tags": form.cleaned_data["tags"]}
    if not conversations.label(workspace_id=request.workspace.pk, conversation_id=conversation_id, **wanted):
        raise Http404
    messages.success(request, _("Saved."))
    return _go(request, reverse("conversation:detail", args=[conversation_id]))


@permission_required(Permission.SEE_GENERATIONS)
@require_POST
def pin(request: WorkspaceHttpRequest, conversation_id: UUID) -> HttpResponse:
    """Pin a conversation, or with `on=` empty take the pin out."""
    is_on = bool(request.POST.get("on"))
    if not conversations.pin(workspace_id=request.workspace.pk, conversation_id=conversation_id, is_pinned=is_on):
        raise Http404
    messages.success(request, _("Pinned. It stands above your history.") if is_on else _("Not pinned any more."))
    return _go(request, reverse("conversation:detail", args=[conversation_id]))


@permission_required(Permission.SEE_GENERATIONS)
@require_POST
def archive(request: WorkspaceHttpRequest, conversation_id: UUID) -> HttpResponse:
    """Archive a conversation, or with `on=` empty bring it back."""
    is_on = bool(request.POST.get("on"))
    if not conversations.archive(workspace_id=request.workspace.pk, conversation_id=conversation_id, is_archived=is_on):
        raise Http404
    messages.success(request, _("Archived. You find it below Archived.") if is_on else _("Back in your history."))
    return _go(request, reverse("conversation:detail", args=[conversation_id]))


@permission_required(Permission.SEE_GENERATIONS)
@require_POST
def deletion(request: WorkspaceHttpRequest, conversation_id: UUID) -> HttpResponse:
    """Delete all messages of a conversation; the history offers to take it back."""
    deleted = conversations.delete(workspace_id=request.workspace.pk, conversation_id=conversation_id)
    if not deleted:
        raise Http404
    undo = urlencode({"undo": ",".join(map(str, deleted[: selectors.PAGE_SIZE]))})
    return _go(request, f"{reverse('generation:list')}?{undo}")


def _send(request: WorkspaceHttpRequest, conversation_id: UUID) -> HttpResponse:
    form = FollowUpForm(request.POST)
    with workspace_scope(request.workspace.pk):
        parent = _find(request, request.POST.get("parent", ""), conversation_id=conversation_id)
        if parent is None:
            raise services.ParentGoneError
        wishes = preferences.sentences(preferences.of_user(request.user.pk))
        if not form.is_valid():
            shown = _read(request, conversation_id, at=parent.pk, ends_there=True)
            return _page(request, shown, form, status=422)
    if not consent.is_given(request.user) and request.POST.get("consent") == str(consent.VERSION):
        consent.give(user=request.user)
    request.membership.require(Permission.GENERATE)
    try:
        made = services.start_generation(
            user=request.user,
            workspace=request.workspace,
            template=form.prompt_template,
            inputs=form.inputs(),
            model=model_of(parent),
            idempotency_key=form.cleaned_data["idempotency_key"],
            address=client_address(request),
            parent=parent,
            instructions=wishes,
        )
    except DomainError as error:
        # htmx leaves the form as it is and gets a toast, or the ways to pay; without it, the page brings back what was
        # typed.
        if request.htmx and not isinstance(error, paywall.PAYWALLED):
            raise
        return _show_refused(request, form, parent=parent, refusal=error)
    return _go_to_answer(request, made)


def _show_refused(
    request: WorkspaceHttpRequest, form: FollowUpForm, *, parent: Generation, refusal: DomainError
) -> HttpResponse:
    with workspace_scope(request.workspace.pk):
        wall = {}
        if isinstance(refusal, paywall.PAYWALLED):
            wall = paywall.of_refusal(refusal, membership=request.membership, return_path=request.path)
        if not request.htmx:
            shown = _read(request, parent.conversation_id, at=parent.pk, ends_there=True)
            page = _page(request, shown, form, status=refusal.status, refusal=refusal, wall=wall)
            return with_limits(page, refusal)
        response = render(request, "generation/paywall.html", wall, status=refusal.status)
    response["HX-Retarget"] = "#paywall"
    return response


def model_of(parent: Generation) -> str:
    """Return the model that goes on: the same one, as long as it is offered."""
    offered = catalogue.offered()
    return parent.request_model if parent.request_model in offered else offered[0]


def _page(
    request: WorkspaceHttpRequest,
    shown: Thread,
    form: FollowUpForm,
    *,
    status: int = 200,
    refusal: DomainError | None = None,
    wall: dict[str, Any] | None = None,
    label_form: LabelForm | None = None,
    is_edited: bool = False,
) -> HttpResponse:
    """Show a conversation, within the scope."""
    named = {"title": shown.conversation.title, "tags": ", ".join(shown.conversation.tags)}
    is_beside, rights = len(shown.variants) > 1, entitlements(request.workspace.pk)
    page = {
        "thread": shown,
        "conversation": shown.conversation,
        "earlier": shown.turns[:-1] if is_beside else shown.turns,
        "beside": shown.variants if is_beside else (),
        # One answer is written on this page at most: another one that runs has its own page.
        "live": next((one for one in reversed(shown.variants) if not one.is_terminal), None),
        "form": form,
        "chosen": str(form["parent"].value()),
        "is_edited": is_edited,
        "label_form": label_form or LabelForm(initial=named),
        "estimate": _estimate(request, shown, form, rights=rights),
        "paused": _find_paused(shown, form, rights=rights),
        "frozen": context.Frozen.of(shown.last),
        "refusal": refusal,
        "key_of_variant": composer.new_key(),
        "may_generate": request.membership.may(Permission.GENERATE),
        "must_agree": not consent.is_given(request.user),
        "consent_sentence": consent.SENTENCE,
        "consent_version": consent.VERSION,
    } | (wall or {})
    return render_page(request, PAGE, page, status=status)


def _estimate(
    request: WorkspaceHttpRequest, shown: Thread, form: FollowUpForm, *, rights: Entitlements
) -> Estimate | None:
    """Return the most that the next message can hold, whatever is typed; None for a model without a price."""
    template, model = form.prompt_template, model_of(shown.last)
    longest = estimates.BYTES_PER_CHARACTER_MAX * template.fields[0].characters_max
    inputs = estimates.stand_ins(template, {"text": longest})
    _frozen, prompt = context.freeze(
        template=template,
        inputs=inputs,
        model=model,
        before=[turn.generation for turn in shown.turns],
        instructions=preferences.sentences(preferences.of_user(request.user.pk)),
    )
    try:
        return estimates.of_messages(
            workspace_id=request.workspace.pk, template=template, messages=prompt, model=model, rights=rights
        )
    except DomainError:
        return None


def _find_paused(shown: Thread, form: FollowUpForm, *, rights: Entitlements) -> Stop | None:
    model = model_of(shown.last)
    stand_ins = catalogue.fallbacks(model, rights=rights, on=timezone.now().date())
    return switches.find_shown_stop(Work(switches.Feature.CONVERSATION, form.prompt_template.slug, (model, *stand_ins)))


def _empty_form(shown: Thread, **initial: str) -> FollowUpForm:
    return FollowUpForm(initial={"parent": shown.last.pk, "idempotency_key": composer.new_key()} | initial)


def _read(
    request: WorkspaceHttpRequest, conversation_id: UUID, *, at: UUID | None = None, ends_there: bool = False
) -> Thread:
    found = thread.read_thread(
        workspace_id=request.workspace.pk, conversation_id=conversation_id, at=at, ends_there=ends_there
    )
    if found is None:
        raise Http404
    return found


def _find(request: WorkspaceHttpRequest, generation_id: str, *, conversation_id: UUID) -> Generation | None:
    """Return a message of this conversation, within the scope."""
    wanted = _uuid(generation_id)
    if wanted is None:
        return None
    found = selectors.find_generation(workspace_id=request.workspace.pk, generation_id=wanted)
    return found if found and found.conversation_id == conversation_id else None


def _get(request: WorkspaceHttpRequest, generation_id: UUID) -> Generation:
    found = selectors.find_generation(workspace_id=request.workspace.pk, generation_id=generation_id)
    if found is None:
        raise Http404
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _go_to_answer(request: WorkspaceHttpRequest, made: Generation) -> HttpResponse:
    address = f"{reverse('conversation:detail', args=[made.conversation_id])}?at={made.pk}"
    if request.htmx:
        return HttpResponseLocation(address, target=f"#{MAIN}", swap=AT_THE_ANSWER)  # type: ignore[arg-type]
    return redirect(f"{address}#generation-panel")


def _go(request: WorkspaceHttpRequest, address: str) -> HttpResponse:
    if request.htmx:
        return HttpResponseLocation(address, target=f"#{MAIN}", swap="outerHTML")
    return redirect(address)
