"""What people read instead of a model's technical name, and what its words cost."""

from decimal import Decimal

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from apps.generation import catalogue
from apps.usage import rates

TOKENS_PER_HINT = 1000


def model_label(model: str) -> str:
    """Return a readable name: the catalogue's, or made from the technical one ("gpt-4o-mini" is GPT-4o mini)."""
    known = catalogue.find(model)
    if known is not None and known.label:
        return known.label
    first, *rest = model.rpartition("/")[2].split("-")
    if first.lower() == "gpt" and rest:
        return " ".join([f"GPT-{rest[0]}", *rest[1:]])
    return " ".join([first[:1].upper() + first[1:], *rest])


def price_hint(model: str) -> str:
    """Return what the words of a model cost today; empty for a model without a rate."""
    try:
        rate = rates.find_rate(model=model, on=timezone.now().date())
    except rates.UnratedModelError:
        return ""
    credits = number_format(_plain(Decimal(rate.output_credits) * TOKENS_PER_HINT / 1_000_000))
    return _("%(credits)s credits per 1,000 tokens written") % {"credits": credits}


def _plain(number: Decimal) -> str:
    """Return a number without the zeros that say nothing: 1.8, 5."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
