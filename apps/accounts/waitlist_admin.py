"""The waitlist in the admin: who waits, who is invited, who came; and the invitations themselves."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.accounts import waitlist
from apps.accounts.models import WaitlistEntry
from apps.accounts.waitlist_forms import InvitingForm
from apps.core.admin import ReadOnlyAdmin
from apps.core.admin_filters import TimeFilter
from apps.core.admin_links import Related, badge

LIST = "admin:accounts_waitlistentry_changelist"


class StageFilter(admin.SimpleListFilter):
    """How far somebody has come."""

    title = gettext_lazy("stage")
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("waiting", _("Waiting")),
            ("unconfirmed", _("Not confirmed")),
            ("invited", _("Invited")),
            ("expired", _("Invitation expired")),
            ("signed_up", _("Signed up")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[WaitlistEntry]) -> QuerySet[WaitlistEntry]:
        invited, now = Q(invited_at__isnull=False, signed_up_at=None), timezone.now()
        stages = {
            "waiting": Q(confirmed_at__isnull=False, invited_at=None),
            "unconfirmed": Q(confirmed_at=None, invited_at=None),
            "invited": invited & Q(expires_at__gt=now),
            "expired": invited & Q(expires_at__lte=now),
            "signed_up": Q(signed_up_at__isnull=False),
        }
        return queryset.filter(stages.get(self.value() or "", Q()))


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(ReadOnlyAdmin):
    """Who would like an account. Nothing here lets anybody in; "invite" needs a permission of its own."""

    list_display = ["email", "stage", "created_at", "confirmed_at", "invited_at"]
    list_filter = [StageFilter, TimeFilter]
    search_fields = ["id", "email"]
    search_help_text = gettext_lazy("An e-mail address or a part of it.")
    ordering = ["-id"]
    exclude = ["digest", "invitation_digest"]
    readonly_fields = ["stage", "see_also"]
    actions = ["invite_selected", "withdraw_selected"]
    change_list_template = "admin/accounts/waitlist.html"

    def get_urls(self) -> list[URLPattern]:
        """Add inviting beside the admin's own addresses."""
        view = self.admin_site.admin_view(self.invite)
        return [path("invitations/", view, name="accounts_waitlistentry_invitations"), *super().get_urls()]

    def has_invite_permission(self, request: HttpRequest) -> bool:
        """Tell whether this member of staff may open the door to somebody."""
        return request.user.has_perm("accounts.invite_waitlistentry")

    def search_condition(self, term: str) -> Q:
        """Find an address by a part of it, too."""
        return super().search_condition(term) | Q(email__contains=term.lower())

    def invite(self, request: HttpRequest) -> HttpResponse:
        """Ask how many or whom to invite, then invite them."""
        if not (self.has_invite_permission(request) and self.has_view_permission(request)):
            raise PermissionDenied
        form = InvitingForm(request.POST or None, initial={"invited_before": waitlist.count_invited()})
        if form.is_valid():
            self._say(request, _invite(form.cleaned_data, actor=f"user:{request.user.pk}"))
            return redirect(LIST)
        context = self.admin_site.each_context(request) | {
            "title": _("Invite from the waitlist"),
            "opts": self.opts,
            "form": form,
            "waiting": WaitlistEntry.objects.filter(confirmed_at__isnull=False, invited_at=None).count(),
        }
        return TemplateResponse(request, "admin/accounts/waitlist_invitations.html", context)

    @admin.action(description=gettext_lazy("Invite to make an account"), permissions=["invite"])
    def invite_selected(self, request: HttpRequest, queryset: QuerySet[WaitlistEntry]) -> None:
        """Mail an invitation to each who has confirmed and has none."""
        self._say(request, waitlist.invite(queryset, actor=f"user:{request.user.pk}"))

    @admin.action(description=gettext_lazy("Withdraw the invitation"), permissions=["invite"])
    def withdraw_selected(self, request: HttpRequest, queryset: QuerySet[WaitlistEntry]) -> None:
        """Void the links of invitations."""
        ids = list(queryset.values_list("pk", flat=True))
        withdrawn = waitlist.withdraw(ids, actor=f"user:{request.user.pk}")
        said = ngettext("%(count)d invitation is withdrawn.", "%(count)d invitations are withdrawn.", withdrawn)
        messages.success(request, said % {"count": withdrawn})

    @admin.display(description=gettext_lazy("stage"))
    def stage(self, entry: WaitlistEntry) -> SafeString:
        """Show how far the person has come, in its color."""
        if entry.signed_up_at:
            return badge("succeeded", label=_("Signed up"))
        if entry.expires_at:
            is_over = entry.expires_at <= timezone.now()
            return badge("failed", label=_("Invitation expired")) if is_over else badge("running", label=_("Invited"))
        is_waiting = entry.confirmed_at is not None
        return badge("queued", label=_("Waiting")) if is_waiting else badge("canceled", label=_("Not confirmed"))

    def related(self, row: WaitlistEntry) -> list[Related]:
        """Return the ways to what was mailed, and to what staff did."""
        return [
            Related(_("User"), "accounts.user", {"q": row.email}),
            Related(_("Mails"), "core.outgoingmail", {"q": row.email}),
            Related(_("Audit log"), "core.auditentry", {"q": f"waitlistentry:{row.pk}"}),
        ]

    def _say(self, request: HttpRequest, invited: int) -> None:
        if invited:
            said = ngettext("%(count)d person is invited by mail.", "%(count)d people are invited by mail.", invited)
            messages.success(request, said % {"count": invited})
        else:
            messages.warning(
                request, _("Nobody was invited: they are invited already, have an account, or have not confirmed.")
            )


def _invite(asked: dict[str, Any], *, actor: str) -> int:
    if asked["email"]:
        return waitlist.invite_address(email=asked["email"], actor=actor)
    return waitlist.invite_next(count=asked["count"], invited_before=asked["invited_before"], actor=actor)
