"""What every page knows about making an account."""

from django.http import HttpRequest

from apps.accounts.sign_up import Offer, current_offer


def sign_up(request: HttpRequest) -> dict[str, Offer]:
    """Return what is offered to people without an account."""
    return {"sign_up": current_offer()}
