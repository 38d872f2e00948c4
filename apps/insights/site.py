"""The admin as staff meet it: the overview first, one search over everything, UTC everywhere, refusals as messages."""

from collections.abc import Callable
from datetime import UTC
from functools import wraps
from typing import Any

import structlog
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.db import system_scope
from apps.core.errors import DomainError
from apps.insights import finding
from apps.insights.audited import AuditedAdmin
from apps.insights.overview import Overview, build_overview

logger = structlog.get_logger(__name__)
# Ours and those of the libraries, which would otherwise be called "accounts" twice.
APP_NAMES = {
    "account": gettext_lazy("Sign-in addresses"),
    "accounts": gettext_lazy("Customers"),
    "auth": gettext_lazy("Staff groups"),
    "core": gettext_lazy("Audit log and mails"),
    "mfa": gettext_lazy("Second factors"),
    "socialaccount": gettext_lazy("Connected accounts"),
    "usersessions": gettext_lazy("Sessions"),
}
View = Callable[..., HttpResponseBase]


class StaffSite(admin.AdminSite):
    """Django's admin with the product's name, an overview as its first page, and a search for support."""

    site_header = site_title = settings.SITE_NAME
    index_title = gettext_lazy("Overview")
    index_template = "admin/overview.html"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register models; whatever is added, changed or deleted through their admins gets an audit entry."""
        base = admin_class or admin.ModelAdmin
        audited = type(base.__name__, (AuditedAdmin, base), {"__module__": base.__module__})
        super().register(model_or_iterable, audited, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Show times in UTC, and a refusal of the domain as a message instead of an error page."""
        return super().admin_view(_refusals_as_messages(_in_system_scope(_in_utc(view))), cacheable)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Add the search beside the admin's own addresses."""
        return [path("find/", self.admin_view(self.find), name="find"), *super().get_urls()]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send staff through everybody's log-in, which asks for the second factor: nobody logs in here.

        Raises PermissionDenied for a customer.
        """
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        wanted = request.GET.get(REDIRECT_FIELD_NAME, "") or reverse("admin:index")
        return redirect(f"{reverse('account_login')}?{urlencode({REDIRECT_FIELD_NAME: wanted})}")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show the overview above the list of models."""
        return super().index(request, {"overview": _find_overview(request)} | (extra_context or {}))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Call the apps what staff call them."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["name"] = APP_NAMES.get(app["app_label"], app["name"])
        return apps

    def find(self, request: HttpRequest) -> HttpResponse:
        """Show everything that a search finds; a generation's own id leads straight to it."""
        term = request.GET.get("q", "").strip()
        found = finding.find(request, term=term, registry=self._registry)
        generation_id = finding.find_generation_id(found, term=term)
        if generation_id:
            return redirect(reverse("admin:generation_generation_change", args=[generation_id]))
        context = self.each_context(request) | {"title": _("Find"), "term": term, "found": found}
        return TemplateResponse(request, "admin/find.html", context)


def _find_overview(request: HttpRequest) -> Overview | None:
    """Return the figures, or None when the database did not answer in time: the lists stay within reach."""

    def may_view(model: str) -> bool:
        app, name = model.split(".")
        return request.user.has_perm(f"{app}.view_{name}") or request.user.has_perm(f"{app}.change_{name}")

    try:
        return build_overview(may_view=may_view, now=timezone.now().astimezone(UTC))
    except OperationalError as error:
        logger.warning("overview_unavailable", error=str(error))
        return None


def _in_utc(view: View) -> View:
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with timezone.override(UTC):
            response = view(request, *args, **kwargs)
            # A template response would be rendered later, in the time zone of the person.
            return response.render() if isinstance(response, TemplateResponse) else response

    return wrapped


def _in_system_scope(view: View) -> View:
    """Let staff see the rows of every workspace, in one transaction; who asks Stripe opens scopes of their own."""
    if getattr(view, "opens_scopes", False):
        return view

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with system_scope():
            return view(request, *args, **kwargs)

    return wrapped


def _refusals_as_messages(view: View) -> View:
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except DomainError as error:
            messages.error(request, str(error.sentence))
            return redirect(request.path if request.method == "POST" else reverse("admin:index"))

    return wrapped
