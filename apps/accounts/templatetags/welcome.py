"""What a newcomer gets, for the pages on the way in."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def sign_up_credits() -> int:
    """Return how many credits come with a confirmed address; 0 means none."""
    return settings.SIGN_UP_GRANT_CREDITS
