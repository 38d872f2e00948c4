"""What `manage.py check` says about models before the first customer meets it."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.utils import timezone

from apps.generation import catalogue
from apps.usage import rates


@register("models")
def find_models_without_rate(**options: Any) -> list[CheckMessage]:
    """Warn about models that are offered and have no rate: nobody can use them."""
    hint = "Add a rate to apps/usage/rates.yaml, or take the model out."
    unrated = [name for name in catalogue.offered() if not _is_rated(name)]
    return [Warning(f"{name} has no rate, so that nobody can use it.", hint=hint, id="keel.W005") for name in unrated]


@register("models")
def find_models_without_provider(**options: Any) -> list[CheckMessage]:
    """Warn about models that the environment names and whose provider has no address or key."""
    hint = "Set the variables that apps/generation/catalogue.yaml names for this provider."
    missing = [name for name in settings.GENERATION_MODELS if name not in catalogue.offered()]
    return [
        Warning(
            f"{name} is not offered: its provider {catalogue.describe(name).provider} is not configured.",
            hint=hint,
            id="keel.W006",
        )
        for name in missing
    ]


def _is_rated(name: str) -> bool:
    try:
        rates.find_rate(model=name, on=timezone.now().date())
    except rates.UnratedModelError:
        return False
    return True
