"""What every page knows about the site."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str]:
    """Return the product's name for templates."""
    return {"site_name": settings.SITE_NAME}
