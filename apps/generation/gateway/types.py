"""What goes to a provider and what comes back, in the product's own words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ProviderRequest:
    """One call of a model. `messages` are OpenAI-style role and content pairs; the output cap is always sent."""

    model: str
    messages: tuple[dict[str, str], ...]
    output_tokens_max: int
    request_id: str


@dataclass(frozen=True)
class Delta:
    """A piece of text as it arrives; `refusal` marks the words with which a model declines."""

    text: str
    refusal: bool = False


@dataclass(frozen=True)
class ReportedUsage:
    """The token counts that the provider claims; they are checked before anyone is charged for them."""

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0


@dataclass(frozen=True)
class Completion:
    """The end of a stream. Without a finish reason it is not a success."""

    finish_reason: str
    response_model: str = ""
    usage: ReportedUsage | None = None


Event = Delta | Completion
