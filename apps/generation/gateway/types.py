"""What goes to a provider and what comes back, in the product's own words."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

# Asked while a provider is waited for; what it raises ends the call.
Guard = Callable[[], None]


@dataclass(frozen=True)
class Endpoint:
    """Where calls of a provider go, and how. `omit` are parameters that its servers refuse."""

    name: str
    protocol: str
    base_url: str
    key: str = ""
    organization: str = ""
    omit: frozenset[str] = frozenset()


class Permit:
    """That staff have not stopped a provider, good for one call: `switches.permit` alone makes them, just before it."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self._is_used = False

    def use(self, provider: str) -> None:
        """Call this provider with it. Raises PermissionError for another one, and for a second call."""
        if self._is_used or provider != self.provider:
            raise PermissionError(f"no permit for a call of {provider}")
        self._is_used = True


@dataclass(frozen=True)
class ProviderRequest:
    """One answer that is wanted. `messages` are OpenAI-style role and content pairs; the output cap is always sent.

    `model` and `fallbacks`, which may answer in its place, are names of the catalogue; `needs` are capabilities that a
    fallback must have, too. `safety_identifier` tells a provider which calls come from one person, and not from whom.
    """

    model: str
    messages: tuple[dict[str, Any], ...]
    output_tokens_max: int
    request_id: str
    fallbacks: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    safety_identifier: str = ""
    # A JSON schema that the answer has to follow, for a model that takes one.
    schema: Mapping[str, Any] | None = None
    # Functions that the model may call, in OpenAI's form; `must_answer`: it has called them often enough.
    tools: tuple[Mapping[str, Any], ...] = ()
    must_answer: bool = False


@dataclass(frozen=True)
class Head:
    """The beginning of a response: its HTTP status, and the id under which the provider finds the call."""

    http_status: int
    request_id: str = ""


@dataclass(frozen=True)
class Delta:
    """A piece of text as it arrives; `refusal` marks the words with which a model declines."""

    text: str
    refusal: bool = False


@dataclass(frozen=True)
class ReportedUsage:
    """The token counts that the provider claims; they are checked before anyone is charged for them.

    Reasoning tokens are part of the output tokens. `total_tokens` is None where the provider adds nothing up.
    """

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    total_tokens: int | None = None


@dataclass(frozen=True)
class ToolCall:
    """A function that the model wants to be called; its arguments are the JSON that the model wrote, unchecked."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Completion:
    """The end of a stream. Without a finish reason it is not a success."""

    finish_reason: str
    response_model: str = ""
    usage: ReportedUsage | None = None
    tool_calls: tuple[ToolCall, ...] = ()


Event = Head | Delta | Completion


class Provider(Protocol):
    """A wire protocol: one module of this package."""

    def stream(self, endpoint: Endpoint, request: ProviderRequest, *, guard: Guard) -> Iterator[Event]:
        """Call the model once and yield the head, its deltas, then one completion.

        `request.model` is what the provider calls the model. `guard` is asked at least four times a second and may
        raise to end the call. Raises a ProviderError for whatever else goes wrong: the network, the provider's
        refusals, an unreadable stream, an end without a finish reason; with status and request id of the response.
        """
