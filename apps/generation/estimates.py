"""The most that a run can cost: held when it starts, and told while its text is still being written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.billing import selectors as billing
from apps.billing.entitlements import Entitlements
from apps.core.errors import DomainError
from apps.generation import bounds, catalogue, context
from apps.generation.bounds import Most
from apps.generation.context import Messages
from apps.generation.model_names import model_label
from apps.generation.prompts import Field, PromptTemplate
from apps.usage import rates, rating

BYTES_PER_CHARACTER_MAX = 4


class PromptTooLongError(DomainError):
    """The prompt is longer than its model can read."""

    code = "prompt_too_long"
    status = 422

    def __init__(self, *, model: str) -> None:
        sentence = _("This is more text than %(model)s can read at once. Shorten it, or choose another model.")
        super().__init__(sentence % {"model": model_label(model)})


@dataclass(frozen=True)
class Estimate:
    """The most that a run would hold, and what the workspace has for it, in credits; and for how many answers."""

    amount: int
    balance: billing.Balance
    rounds_max: int = 1

    @property
    def available(self) -> int:
        """What the workspace could hold now, in credits."""
        return self.balance.available

    @property
    def is_affordable(self) -> bool:
        """Whether a hold of this amount could be placed now."""
        return self.amount <= self.available


def estimate(
    *,
    workspace_id: UUID,
    template: PromptTemplate,
    inputs: dict[str, str],
    model: str,
    rights: Entitlements,
    instructions: Sequence[str] = (),
) -> Estimate:
    """Return what starting this would hold: from the function that says how much is held. Raises UnratedModelError.

    A model that is not offered raises UnknownModelError, as starting it would.
    """
    messages = context.assemble(template.messages(inputs), instructions=instructions)
    return of_messages(workspace_id=workspace_id, template=template, messages=messages, model=model, rights=rights)


def of_messages(
    *, workspace_id: UUID, template: PromptTemplate, messages: Messages, model: str, rights: Entitlements
) -> Estimate:
    """Return what sending this prompt would hold. Raises as `estimate` does."""
    catalogue.require_offered(model)
    today = timezone.now().date()
    chain = catalogue.fallbacks(model, rights=rights, on=today)
    amount = most_credits(template=template, messages=messages, model=model, on=today, fallbacks=chain)
    return Estimate(amount, billing.get_balance(workspace_id), rounds_max=template.policy.rounds_max)


def estimate_credits(
    *, template: PromptTemplate, inputs: dict[str, str], model: str, at: datetime, fallbacks: Sequence[str] = ()
) -> int:
    """Return the most that a run of these inputs can cost, in credits. Raises UnratedModelError."""
    messages = template.messages(inputs)
    return most_credits(template=template, messages=messages, model=model, on=at.date(), fallbacks=fallbacks)


def most_credits(
    *, template: PromptTemplate, messages: Messages, model: str, on: date, fallbacks: Sequence[str] = ()
) -> int:
    """Return the most that a run of this prompt can cost, in credits: the input and the output cap of all its rounds.

    Rounded up once, as it is charged. Of the model and those that may answer in its place, the dearest counts. Raises
    UnratedModelError.
    """
    most = most_tokens(template, messages)
    return max(
        rating.estimate_credits(
            rate=rates.find_rate(model=name, on=on),
            input_tokens=most.input_tokens,
            output_tokens_max=most.output_tokens,
        )
        for name in (model, *fallbacks)
    )


def most_cost_usd_micros(
    *, template: PromptTemplate, messages: Messages, model: str, on: date, fallbacks: Sequence[str] = ()
) -> int:
    """Return the most that providers can charge for a run of this prompt, by the dearest model that may answer.

    Each call is rounded up by itself, which can add a micro for each round. Raises UnratedModelError.
    """
    most = most_tokens(template, messages)
    tokens = rating.TokenCount(input_tokens=most.input_tokens, output_tokens=most.output_tokens)
    models = (model, *fallbacks)
    dearest = max(rating.cost_usd_micros(rate=rates.find_rate(model=name, on=on), tokens=tokens) for name in models)
    return dearest + template.policy.rounds_max - 1 if dearest else 0


def require_readable(messages: Messages, *, model: str) -> None:
    """Refuse a prompt that is likely longer than a model's window, before it costs anything. Raises PromptTooLongError.

    By the likely count, not by the bound: near the window's end the provider decides.
    """
    if rating.estimate_tokens(context.prompt_of(messages)) > catalogue.describe(model).context_window:
        raise PromptTooLongError(model=model)


def most_tokens(template: PromptTemplate, messages: Messages) -> Most:
    """Return the most tokens that the rounds of a run can take together."""
    return bounds.most_tokens(template.policy, messages, output_tokens_max=template.output_tokens_max)


def most_input_tokens(messages: Messages) -> int:
    """Return the most tokens that one prompt can have."""
    return context.most_tokens(messages)


def stand_ins(template: PromptTemplate, sizes: Mapping[str, int]) -> dict[str, str]:
    """Return texts of these sizes in UTF-8 bytes, by field: the bound depends on nothing else.

    So an estimate needs no text in an address, where proxies and logs would keep it. Sizes beyond a field's limit are
    cut to it.
    """
    return {field.name: "x" * min(max(0, sizes.get(field.name, 0)), _bytes_max(field)) for field in template.fields}


def _bytes_max(field: Field) -> int:
    choices = [len(choice.encode()) for choice in field.choices]
    return max([field.characters_max * BYTES_PER_CHARACTER_MAX, *choices])
