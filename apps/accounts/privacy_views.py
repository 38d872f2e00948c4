"""A person's data: to take along, what they agreed to, and leaving for good."""

from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts import consent, data_exports, deletion
from apps.accounts.access import recently_authenticated, workspace_required
from apps.accounts.data_export_making import LIFETIME, UNDER_WAY
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.impersonation import NotWhileImpersonatingError
from apps.accounts.models import DataExport, User
from apps.accounts.settings_forms import AccountDeletionForm
from apps.accounts.workspaces import OwnsTeamsError
from apps.core.db import system_scope
from apps.core.htmx import render_page
from apps.core.personal_data import require_erasable

EXPORT_STATUS = "data-export"


@never_cache
@require_safe
@workspace_required
def data(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show the person's file, what they agree to, and the way out."""
    return render_page(request, "settings/data.html", _of_data(request), partials=(EXPORT_STATUS,))


@require_POST
@workspace_required
@recently_authenticated
def data_export(request: WorkspaceHttpRequest) -> HttpResponse:
    """Have the file made. Raises TooManyExportsError."""
    data_exports.request_export(user=request.user)
    messages.success(request, _("Your file is being made. We write to you when it is ready."))
    return redirect("settings:data")


@never_cache
@require_safe
@login_required
def data_export_file(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Hand a person's file to that person. Raises ExportNotFoundError, or NotWhileImpersonatingError for staff."""
    if hasattr(request, "impersonation"):
        raise NotWhileImpersonatingError
    assert isinstance(request.user, User)
    export = data_exports.get_ready(user=request.user, slug=slug, at=timezone.now())
    response = StreamingHttpResponse(_pieces(export), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="my-data-{export.created_at:%Y-%m-%d}.zip"'
    response["Content-Length"] = str(export.size_bytes)
    return response


@require_POST
@workspace_required
def provider_consent(request: WorkspaceHttpRequest) -> HttpResponse:
    """Agree that text goes to the provider, or take that back."""
    if "withdraw" in request.POST:
        consent.withdraw(user=request.user)
        messages.success(request, _("Taken back: no text of yours leaves from now on."))
    else:
        consent.give(user=request.user)
        messages.success(request, _("Thank you. You can generate now."))
    return redirect("settings:data")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@workspace_required
@recently_authenticated
def account_deletion(request: WorkspaceHttpRequest) -> HttpResponse:
    """Say what goes, what stays and when; close the account once its address was typed. Raises StaffNotDeletedError."""
    form = AccountDeletionForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _deletion_page(request, form)
    try:
        due_at = deletion.request_deletion(user=request.user, typed_address=form.cleaned_data["address"])
    except deletion.AddressMismatchError as refused:
        form.add_error("address", str(refused.sentence))
        return _deletion_page(request, form)
    except OwnsTeamsError:
        return _deletion_page(request, form)
    logout(request)
    said = _("Your account is closed, and will be deleted on %(date)s. Log in until then to keep it.")
    messages.success(request, said % {"date": date_format(due_at, "DATE_FORMAT")})
    return redirect("account_login")


@never_cache
@require_safe
@login_required
def ending(request: HttpRequest) -> HttpResponse:
    """Say when the account will be deleted, and offer to keep it: all that somebody who is leaving can open."""
    assert isinstance(request.user, User)
    if request.user.deletion_due_at is None:
        return redirect("settings:data")
    return render(request, "account/ending.html", {"due_at": request.user.deletion_due_at})


@require_POST
@login_required
def keeping(request: HttpRequest) -> HttpResponse:
    """Take the deletion back."""
    assert isinstance(request.user, User)
    if deletion.keep(user=request.user):
        messages.success(request, _("Welcome back. Your account stays, with everything in it."))
    return redirect("settings:data")


def _of_data(request: WorkspaceHttpRequest) -> dict[str, Any]:
    with system_scope():
        return {
            "export": data_exports.find_latest(request.user, at=timezone.now()),
            "under_way": UNDER_WAY,
            "lifetime_days": LIFETIME.days,
            "consent": consent.find_standing(request.user),
            "has_agreed": consent.is_given(request.user),
            "consent_sentence": consent.SENTENCE,
            "grace_days": deletion.grace().days,
        }


def _deletion_page(request: WorkspaceHttpRequest, form: AccountDeletionForm) -> HttpResponse:
    obstacle = None
    with system_scope():
        workspaces, sentences = deletion.tell_end(request.user)
        try:
            require_erasable(request.user)
        except OwnsTeamsError as refused:
            obstacle = refused.sentence
    context = {
        "form": form,
        "ending": workspaces,
        "sentences": sentences,
        "obstacle": obstacle,
        "grace_days": deletion.grace().days,
        "due_at": timezone.now() + deletion.grace(),
    }
    status = 409 if obstacle and request.method == "POST" else 422 if request.method == "POST" else 200
    return render_page(request, "settings/account_deletion.html", context, status=status)


async def _pieces(export: DataExport) -> AsyncIterator[bytes]:
    number = 0
    while (piece := await sync_to_async(data_exports.read_chunk)(export, number=number)) is not None:
        yield piece
        number += 1
