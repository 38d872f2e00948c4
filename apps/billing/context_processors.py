"""What every page of the product shows about credits."""

from django.http import HttpRequest


def balance(request: HttpRequest) -> dict[str, object]:
    """Return the credit balance of the workspace for templates."""
    return {}
