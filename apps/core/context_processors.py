"""What every page knows about the site and about its reader's choices."""

from django.conf import settings
from django.http import HttpRequest

from apps.core.htmx import frame_of

THEMES = ("light", "dark")


def site(request: HttpRequest) -> dict[str, str]:
    """Return the product's name, the frame to extend, and the theme that the reader chose (empty: as the system)."""
    theme = request.COOKIES.get("theme", "")
    return {
        "site_name": settings.SITE_NAME,
        "frame": frame_of(request),
        "theme": theme if theme in THEMES else "",
    }
