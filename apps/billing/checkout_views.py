"""Buying: to Stripe's page and back, and to Stripe's portal. Each door names who, what, and makes one call."""

import time
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from apps.accounts.access import workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.suspension import require_not_suspended
from apps.billing import checkout, purchases
from apps.billing.buyers import can_buy, require_buyer
from apps.billing.buying_forms import PurchaseForm
from apps.billing.catalogue import UnknownOfferError
from apps.billing.models import CheckoutSession
from apps.billing.purchases import Outcome
from apps.core.db import workspace_scope
from apps.core.errors import DomainError
from apps.core.htmx import render_page, requested_target
from apps.core.mail_rendering import absolute_url

STATUS = "checkout-status"
# How long the page looks again by itself; what comes later comes by the webhook, and is mailed.
PATIENCE_SECONDS = 60
EPOCH_DIGITS_MAX = 10


class SeeOther(HttpResponseRedirect):
    """An answer to a POST that is to be fetched elsewhere."""

    status_code = 303


@require_POST
@workspace_required
def checkout_sessions(request: WorkspaceHttpRequest) -> HttpResponse:
    """Start to buy a pack or a plan, and lead to Stripe's page. A form that is sent twice leads to the same page."""
    require_buyer(request.membership)
    with workspace_scope(request.workspace.pk):
        require_not_suspended(request.workspace.pk)
    form = PurchaseForm(request.POST)
    if not form.is_valid():
        raise UnknownOfferError
    try:
        session = _start(request, form)
    except checkout.CheckoutConflictError as error:
        ended = _find_ended(request, form)
        return _lead_to(request, _page_of(ended)) if ended else _show_refused(request, form, refusal=error)
    except DomainError as error:
        return _show_refused(request, form, refusal=error)
    return _lead_to(request, session.url)


@never_cache
@require_safe
@workspace_required
def checkout_session(request: WorkspaceHttpRequest, session_id: UUID) -> HttpResponse:
    """Tell what has become of a purchase. The page asks Stripe once; while it waits, it asks us alone."""
    is_look_again = requested_target(request) == STATUS
    outcome = _look_up(request, session_id)
    if not is_look_again and outcome.stage not in purchases.ENDS:
        is_fresh = purchases.ask_stripe(outcome.session)
        outcome = _look_up(request, session_id, is_fresh=is_fresh)
    is_slow = is_look_again and _has_waited(request)
    back_path = outcome.session.return_path or reverse("billing:overview")
    if is_look_again and outcome.is_news_due and not is_slow:
        return HttpResponse(status=204)
    context = {
        "outcome": outcome,
        "is_slow": is_slow,
        "asked_at": int(time.time()),
        "can_buy": can_buy(request.membership.role),
        "back_url": back_path,
        # Who has bought is done with the prices.
        "onward_url": reverse("generation:new") if back_path.startswith(reverse("pages:pricing")) else back_path,
        "is_from_composer": back_path.startswith(reverse("generation:new")),
    }
    return render_page(request, "billing/checkout_session.html", context, partials=[STATUS])


@require_POST
@workspace_required
def portal_sessions(request: WorkspaceHttpRequest) -> HttpResponse:
    """Lead to Stripe's portal, where plans are changed and canceled, cards replaced, invoices read."""
    require_buyer(request.membership)
    return_url = absolute_url("billing:overview")
    return _lead_to(request, checkout.create_portal_session(workspace=request.workspace, return_url=return_url))


def _start(request: WorkspaceHttpRequest, form: PurchaseForm) -> CheckoutSession:
    intent: dict[str, Any] = {
        "user": request.user,
        "workspace": request.workspace,
        "idempotency_key": form.idempotency_key,
        "return_path": form.cleaned_data["next"],
    }
    purchase = form.purchase
    if purchase.kind == CheckoutSession.Kind.PACK:
        return checkout.start_pack_checkout(pack=purchase.slug, **intent)
    return checkout.start_plan_checkout(plan=purchase.slug, interval=purchase.interval, **intent)


def _find_ended(request: WorkspaceHttpRequest, form: PurchaseForm) -> CheckoutSession | None:
    with workspace_scope(request.workspace.pk):
        return purchases.find_ended_session(workspace_id=request.workspace.pk, idempotency_key=form.idempotency_key)


def _show_refused(request: WorkspaceHttpRequest, form: PurchaseForm, *, refusal: DomainError) -> HttpResponse:
    """Say why it could not be bought, with the way on: once more with the same key, to the portal, or back."""
    context = {
        "refusal": refusal,
        "form": form.cleaned_data,
        "can_repeat": refusal.status >= 500 and not isinstance(refusal, checkout.NothingForSaleError),
        "has_plan": isinstance(refusal, checkout.AlreadySubscribedError),
        "back_url": form.cleaned_data["next"] or reverse("billing:overview"),
    }
    response = render_page(request, "billing/checkout_refused.html", context, status=refusal.status)
    if refusal.retry_after_seconds is not None:
        response["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def _look_up(request: WorkspaceHttpRequest, session_id: UUID, *, is_fresh: bool = False) -> Outcome:
    with workspace_scope(request.workspace.pk):
        session = purchases.find_session(workspace_id=request.workspace.pk, session_id=session_id)
        if session is None:
            raise Http404
        return purchases.look_up(session, is_fresh=is_fresh)


def _has_waited(request: WorkspaceHttpRequest) -> bool:
    asked_at = request.GET.get("asked_at", "")
    is_time = asked_at.isascii() and asked_at.isdigit() and len(asked_at) <= EPOCH_DIGITS_MAX
    return not is_time or time.time() - int(asked_at) > PATIENCE_SECONDS


def _page_of(session: CheckoutSession) -> str:
    return reverse("billing:checkout_session", args=[session.pk])


def _lead_to(request: WorkspaceHttpRequest, url: str) -> HttpResponse:
    # A page of another origin cannot be swapped in.
    return HttpResponseClientRedirect(url) if request.htmx else SeeOther(url)
