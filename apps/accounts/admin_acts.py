"""What staff do to people and workspaces, each with a reason and a permission of its own: act as, suspend, restore."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts import impersonation, suspension
from apps.accounts.models import User, Workspace
from apps.core.db import system_scope

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ReasonForm(forms.Form):
    """Why staff do it."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy("For the audit log; the customer does not see it."),
    )


class ActsAdmin(ModelAdmin):
    """An admin whose rows have acts: a page that asks for the reason, one call of the domain, and back to the row."""

    def ask_reason(
        self,
        request: HttpRequest,
        row: Any,
        *,
        permission: str,
        title: str,
        lead: str,
        act: Callable[[str], str],
    ) -> HttpResponse:
        """Show the form, or act for the reason that was given and go where `act` says."""
        if not request.user.has_perm(permission) or not self.has_view_permission(request, row):
            raise PermissionDenied
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            return redirect(act(form.cleaned_data["reason"]))
        context = self.admin_site.each_context(request) | {
            "title": title,
            "lead": lead,
            "opts": self.opts,
            "row": row,
            "row_url": self.page_of(row),
            "list_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            "form": form,
        }
        return TemplateResponse(request, "admin/accounts/reason.html", context)

    def page_of(self, row: Any) -> str:
        """Return the address of a row's page."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def own_path(self, route: str, view: Callable[..., HttpResponse], *, name: str) -> URLPattern:
        """Return an address beside the admin's own."""
        full_name = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return path(route, self.admin_site.admin_view(view), name=full_name)


class UserActsAdmin(ActsAdmin):
    """Acting as a person, and closing their account for a while."""

    change_form_template = "admin/accounts/user.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the acts beside the admin's own addresses."""
        return [
            self.own_path("<int:user_id>/impersonation/", self.impersonate, name="impersonation"),
            self.own_path("<int:user_id>/suspension/", self.suspend, name="suspension"),
            *super().get_urls(),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep who is suspended from being made active here: restoring does that, with its reason."""
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "is_active"] if obj is not None and obj.suspended_at else fields

    def impersonate(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Ask why, then show the product as this person sees it."""
        user = get_object_or_404(User, pk=user_id)

        def act(reason: str) -> str:
            assert isinstance(request.user, User)
            impersonation.start(session=request.session, staff=request.user, user=user, reason=reason)
            return reverse("generation:list")

        lead = _(
            "You see what they see, for %(minutes)d minutes. You cannot pay, write, delete or change their login, and "
            "every page that you open is written down."
        ) % {"minutes": impersonation.SECONDS // 60}
        return self.ask_reason(
            request, user, permission=impersonation.PERMISSION, title=_("Act as this person"), lead=lead, act=act
        )

    def suspend(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Ask why, then close the account, or open it again if it is suspended."""
        user = get_object_or_404(User, pk=user_id)
        is_suspended = user.suspended_at is not None

        def act(reason: str) -> str:
            change = suspension.restore_user if is_suspended else suspension.suspend_user
            changed = change(user=user, actor=f"user:{request.user.pk}", reason=reason)
            _say(request, changed=changed)
            return self.page_of(user)

        return self.ask_reason(
            request,
            user,
            permission="accounts.suspend_user",
            title=_("Restore this person") if is_suspended else _("Suspend this person"),
            lead=_("They can log in again, and their API keys work again.")
            if is_suspended
            else _("Their sessions end, they cannot log in, their API keys stop, and what they run is stopped."),
            act=act,
        )


class WorkspaceActsAdmin(ActsAdmin):
    """Stopping what costs in a workspace for a while."""

    change_form_template = "admin/accounts/workspace.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the acts beside the admin's own addresses."""
        return [self.own_path("<uuid:workspace_id>/suspension/", self.suspend, name="suspension"), *super().get_urls()]

    def suspend(self, request: HttpRequest, workspace_id: Any) -> HttpResponse:
        """Ask why, then stop the workspace, or let it work again if it is suspended."""
        with system_scope():
            workspace = get_object_or_404(Workspace, pk=workspace_id)
        is_suspended = workspace.suspended_at is not None

        def act(reason: str) -> str:
            change = suspension.restore_workspace if is_suspended else suspension.suspend_workspace
            changed = change(workspace_id=workspace.pk, actor=f"user:{request.user.pk}", reason=reason)
            _say(request, changed=changed)
            return self.page_of(workspace)

        return self.ask_reason(
            request,
            workspace,
            permission="accounts.suspend_workspace",
            title=_("Restore this workspace") if is_suspended else _("Suspend this workspace"),
            lead=_("Its members can start and buy again.")
            if is_suspended
            else _("What runs is stopped and nothing new starts or is bought. Its members can still read their pages."),
            act=act,
        )


def _say(request: HttpRequest, *, changed: bool) -> None:
    if changed:
        messages.success(request, _("This is done, and holds from now on."))
    else:
        messages.warning(request, _("This was done before, or the account is closed: nothing changed."))
