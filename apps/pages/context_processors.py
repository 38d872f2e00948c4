"""What the frames show above every page."""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest

from apps.pages.notices import DISMISSED_COOKIE, ShownNotice, list_shown, read_dismissed


def public_face(request: HttpRequest) -> dict[str, str | Callable[[], list[ShownNotice]]]:
    """Return a page's one public address, and the current notices: asked once, and only by a frame that shows them."""

    @cache
    def current_notices() -> list[ShownNotice]:
        return list_shown(dismissed=read_dismissed(request.COOKIES.get(DISMISSED_COOKIE, "")))

    return {"canonical_url": settings.SITE_URL + request.path, "notices": current_notices}
