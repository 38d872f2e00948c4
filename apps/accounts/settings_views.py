"""A person's settings: profile, preferences, notifications and security, each a page with small forms."""

from copy import copy
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts import login_ways, services, sessions
from apps.accounts.access import permission_required, workspace_required
from apps.accounts.http import WorkspaceHttpRequest
from apps.accounts.permissions import Permission
from apps.accounts.settings_forms import NotificationsForm, ProfileForm, TimeZoneForm, UserForm, WorkspaceForm
from apps.core.context_processors import THEMES
from apps.core.db import workspace_scope
from apps.core.htmx import render_page

THEME_COOKIE = "theme"
THEME_SECONDS = 365 * 24 * 3600


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_required
def profile(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show who the person is here, and save their name."""
    form = ProfileForm(_sent(request), instance=copy(request.user))
    if form.is_valid():
        return _save(request, form, said=_("Your name is saved."))
    return _profile_page(request, profile_form=form)


@require_POST
@permission_required(Permission.RENAME)
def workspace(request: WorkspaceHttpRequest) -> HttpResponse:
    """Save the workspace's name. Raises NotPermittedError for its other members."""
    form = WorkspaceForm(request.POST, instance=copy(request.workspace))
    if not form.is_valid():
        return _profile_page(request, workspace_form=form)
    with workspace_scope(request.workspace.pk):
        services.rename_workspace(membership=request.membership, name=form.cleaned_data["name"])
    messages.success(request, _("The workspace has its new name."))
    return redirect("settings:profile")


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_required
def preferences(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show theme and time zone, and save the zone; the theme has its own address."""
    form = TimeZoneForm(_sent(request), instance=copy(request.user))
    if form.is_valid():
        return _save(request, form, said=_("Times are now shown in your zone."))
    return _page(request, "settings/preferences.html", form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_required
def notifications(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show which mails the person wants, and save it."""
    form = NotificationsForm(_sent(request), instance=copy(request.user))
    if form.is_valid():
        return _save(request, form, said=_("Your notifications are saved."))
    return _page(request, "settings/notifications.html", form=form)


@require_safe
@workspace_required
def security(request: WorkspaceHttpRequest) -> HttpResponse:
    """Show how the person logs in, and where they are logged in."""
    with workspace_scope(request.workspace.pk):
        listed = sessions.list_sessions(user=request.user, current_key=request.session.session_key)
        ways = login_ways.list_login_ways(request, user=request.user)
    return render_page(request, "settings/security.html", {"sessions": listed, "ways": ways})


@require_POST
@workspace_required
def session_ending(request: WorkspaceHttpRequest, session_id: int) -> HttpResponse:
    """End one of the person's sessions. Raises LoginSessionNotFoundError."""
    sessions.end_session(user=request.user, session_id=session_id)
    messages.success(request, _("That session has ended."))
    return redirect("settings:security")


@require_POST
@workspace_required
def other_sessions_ending(request: WorkspaceHttpRequest) -> HttpResponse:
    """End all of the person's sessions but this one."""
    sessions.end_other_sessions(user=request.user, current_key=request.session.session_key)
    messages.success(request, _("You are logged out everywhere else."))
    return redirect("settings:security")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme that somebody chose, in a cookie: it is the browser's, and needs no login."""
    chosen = request.POST.get("theme", "")
    response = HttpResponse(status=204) if getattr(request, "htmx", False) else redirect(_way_back(request))
    if chosen in THEMES:
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=THEME_SECONDS, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax"
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


def _sent(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _save(request: WorkspaceHttpRequest, form: UserForm, *, said: str) -> HttpResponse:
    with workspace_scope(request.workspace.pk):
        services.save_preferences(user=request.user, **form.cleaned_data)
    messages.success(request, said)
    return redirect(request.path)


def _page(request: WorkspaceHttpRequest, template: str, **context: Any) -> HttpResponse:
    return render_page(request, template, context, status=422 if request.method == "POST" else 200)


def _profile_page(request: WorkspaceHttpRequest, **forms: Any) -> HttpResponse:
    context = {
        "profile_form": ProfileForm(instance=request.user),
        "workspace_form": WorkspaceForm(instance=request.workspace),
        "may_rename": request.membership.may(Permission.RENAME),
    }
    return _page(request, "settings/profile.html", **context | forms)


def _way_back(request: HttpRequest) -> str:
    """Return the page that the theme was chosen on; never another site's."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts=None, require_https=request.is_secure()):
        return target
    return reverse("landing")
