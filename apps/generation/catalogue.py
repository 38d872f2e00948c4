"""Which models this product offers."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError


class UnknownModelError(DomainError):
    """The model is not one that this product offers."""

    code = "unknown_model"
    status = 422
    sentence = _("This model is not available. Choose another one.")


def offered() -> list[str]:
    """Return the names of the models that customers may choose from; the first is the default."""
    return list(settings.GENERATION_MODELS)


def require_offered(model: str) -> None:
    """Refuse a model that is not offered. Raises UnknownModelError."""
    if model not in offered():
        raise UnknownModelError
