"""What a run would hold, asked while the text is still being written: nothing is written down, no text is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from apps.billing import selectors as billing
from apps.generation import services
from apps.generation.prompts import Field, PromptTemplate

BYTES_PER_CHARACTER_MAX = 4


@dataclass(frozen=True)
class Estimate:
    """The most that a run would hold, and what the workspace has for it, in credits."""

    amount: int
    available: int

    @property
    def is_affordable(self) -> bool:
        """Whether a hold of this amount could be placed now."""
        return self.amount <= self.available


def estimate(*, workspace_id: UUID, template: PromptTemplate, inputs: dict[str, str], model: str) -> Estimate:
    """Return what starting this would hold: from the function that places the hold. Raises UnratedModelError.

    A model that is not offered raises UnknownModelError, as starting it would.
    """
    if model not in settings.GENERATION_MODELS:
        raise services.UnknownModelError
    amount = services.estimate_credits(template=template, inputs=inputs, model=model, at=timezone.now())
    return Estimate(amount=amount, available=billing.get_balance(workspace_id).available)


def stand_ins(template: PromptTemplate, sizes: Mapping[str, int]) -> dict[str, str]:
    """Return texts of these sizes in UTF-8 bytes, by field: the bound depends on nothing else.

    So an estimate needs no text in an address, where proxies and logs would keep it. Sizes beyond a field's limit are
    cut to it.
    """
    return {field.name: "x" * min(max(0, sizes.get(field.name, 0)), _bytes_max(field)) for field in template.fields}


def _bytes_max(field: Field) -> int:
    choices = [len(choice.encode()) for choice in field.choices]
    return max([field.characters_max * BYTES_PER_CHARACTER_MAX, *choices])
