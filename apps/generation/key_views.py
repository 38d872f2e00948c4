"""The page of a workspace's API keys: make one, see it once, revoke it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import api_keys
from apps.accounts.access import workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.models import ApiKey
from apps.accounts.permissions import Permission
from apps.billing.entitlements import entitlements
from apps.core.db import workspace_scope
from apps.core.errors import DomainError
from apps.core.htmx import render_page
from apps.generation import key_budgets
from apps.generation.api import API
from apps.generation.key_forms import ApiKeyForm


class ApiKeysNotInPlanError(DomainError):
    """The plan does not include the API, so there is no key to be made."""

    code = "api_not_in_plan"
    status = 403
    sentence = gettext_lazy("Your plan does not include the API. Compare the plans to find one that does.")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@workspace_required
def keys(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show the workspace's keys, or make one and show its token this once: it is in no redirect and in no session.

    Raises NotPermittedError, ApiKeysNotInPlanError or TooManyApiKeysError.
    """
    if request.method != "POST":
        return _page(request, form=ApiKeyForm())
    request.membership.require(Permission.MANAGE_API_KEYS)
    with workspace_scope(request.workspace.pk):
        has_api = entitlements(request.workspace.pk).has(API)
    if not has_api:
        raise ApiKeysNotInPlanError
    form = ApiKeyForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    made = api_keys.create_key(
        user=request.user, workspace_id=request.workspace.pk, actor=f"user:{request.user.pk}", **form.wanted()
    )
    if not made.token:
        messages.info(request, _("This key was made before, and was shown then. If you did not copy it, revoke it."))
        return redirect("api_keys:keys")
    return _page(request, form=ApiKeyForm(), made=made)


@require_POST
@workspace_required
def revocation(request: WorkspaceHttpRequest, key_id: UUID) -> HttpResponse:
    """Revoke a key; the next request with it is refused. Raises NotPermittedError or ApiKeyNotFoundError."""
    request.membership.require(Permission.MANAGE_API_KEYS)
    api_keys.revoke_key(workspace_id=request.workspace.pk, key_id=key_id, actor=f"user:{request.user.pk}")
    messages.success(request, _("The key is revoked. It does not work any more."))
    return redirect("api_keys:keys")


@dataclass(frozen=True)
class KeyLine:
    """A key on the page, with what its runs have used this month (UTC), in credits."""

    key: ApiKey
    used: int

    @property
    def percent(self) -> int:
        """How much of the budget is used, from 0 to 100."""
        return min(100, self.used * 100 // self.key.budget_credits) if self.key.budget_credits else 0

    @property
    def left(self) -> int:
        """Credits that its runs may still use."""
        return max(0, (self.key.budget_credits or 0) - self.used)


def _page(request: WorkspaceHttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    now = timezone.now()
    with workspace_scope(request.workspace.pk):
        used = key_budgets.count_used_by_keys(request.workspace.pk, at=now)
        known = {
            "lines": [KeyLine(key, used.get(key.pk, 0)) for key in api_keys.list_keys(request.workspace.pk)],
            "has_api": entitlements(request.workspace.pk).has(API),
            "may_manage": request.membership.may(Permission.MANAGE_API_KEYS),
            "brand": api_keys.BRAND,
            "now": now,
            "balance_url": f"{settings.SITE_URL}{reverse('api:balance')}",
        }
    return render_page(request, "settings/api_keys.html", known | context, status=status)
