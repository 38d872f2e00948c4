"""A page as a whole, or only the fragment that htmx asks for: one string names partial, id and target."""

from collections.abc import Collection
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

MAIN = "main"
WHOLE_PAGE, MAIN_REGION = "frames/shell.html", "frames/fragment.html"


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    partials: Collection[str] = (),
    status: int = 200,
) -> HttpResponse:
    """Render a page, or only its partial that the request targets, if that is one of `partials`."""
    target = requested_target(request)
    name = f"{template}#{target}" if target in partials else template
    return render(request, name, context, status=status)


def requested_target(request: HttpRequest) -> str:
    """Return the id of the element that htmx will swap; empty for a whole page."""
    htmx = getattr(request, "htmx", None)
    return htmx.target or "" if htmx and not htmx.history_restore_request else ""


def frame_of(request: HttpRequest) -> str:
    """Return the frame that a page of the app extends: the whole shell, or the main region alone."""
    return MAIN_REGION if requested_target(request) == MAIN else WHOLE_PAGE


def mark_variants(response: HttpResponse) -> None:
    """Say that an address answers htmx differently, so that no cache hands a fragment to a reload."""
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
