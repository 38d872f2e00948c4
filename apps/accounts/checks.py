"""What `manage.py check` looks at in the settings of accounts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apps.accounts.sign_up import Mode


@register()
def find_unknown_sign_up_mode(**options: Any) -> list[CheckMessage]:
    """Refuse a mode that does not exist: nobody could sign up, and nobody would know why."""
    modes = [str(mode) for mode in Mode]
    if settings.SIGNUP_MODE in modes:
        return []
    hint = f"One of: {', '.join(modes)}."
    return [Error(f"SIGNUP_MODE is “{settings.SIGNUP_MODE}”, which is no mode.", hint=hint, id="keel.E004")]
