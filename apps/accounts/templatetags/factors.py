"""What the pages of second factors need of text."""

from django import template

register = template.Library()
GROUP_LENGTH = 4


@register.filter
def in_groups(secret: str) -> str:
    """Return a secret in groups of four characters, as people read and type it; apps ignore the spaces."""
    return " ".join(secret[start : start + GROUP_LENGTH] for start in range(0, len(secret), GROUP_LENGTH))
