"""How attempts and runs end, before anything is written down."""

from dataclasses import dataclass, field
from uuid import UUID

from apps.generation.gateway import errors
from apps.generation.gateway.types import Completion, ReportedUsage
from apps.generation.models import Attempt, Generation
from apps.generation.policies import Counts
from apps.usage.rating import Confidence, TokenCount, estimate_tokens

# A provider whose count of input tokens is higher than one per byte of the prompt is not believed.
INPUT_OVERHEAD_TOKENS_MAX = 500


@dataclass
class AttemptOutcome:
    """What is known of one provider call. Times are milliseconds."""

    attempt_id: UUID
    provider: str
    request_model: str
    response_model: str = ""
    status: str = Attempt.Status.RUNNING
    error_code: str = ""
    error_detail: str = ""
    tokens: TokenCount = field(default_factory=lambda: TokenCount(0, 0, 0, Confidence.UNKNOWN))
    first_token_ms: int | None = None
    duration_ms: int | None = None
    http_status: int | None = None
    provider_request_id: str = ""
    cost_usd_micros: int = 0


@dataclass(frozen=True)
class RunOutcome:
    """How a generation ends: its terminal status, its text, and every attempt that led there."""

    status: str
    text: str
    attempts: tuple[AttemptOutcome, ...]
    finish_reason: str = ""
    error_code: str = ""
    # Of the answer, by action and kind.
    findings: Counts = field(default_factory=dict)
    # What staff tell people about it, where a switch has ended it.
    stop_reason: str = ""

    @property
    def is_chargeable(self) -> bool:
        """Credits are captured for an answer, or for what was produced before the user pressed Stop; never else."""
        return bool(self.text) and self.status in {Generation.Status.SUCCEEDED, Generation.Status.CANCELED}


def count_tokens(*, prompt: str, output: str, reported: ReportedUsage | None, output_tokens_max: int) -> TokenCount:
    """Return the tokens of a call: the provider's own count where it is plausible, else our estimate of the text."""
    if reported is not None and _is_plausible(reported, prompt=prompt, output=output, most=output_tokens_max):
        return TokenCount(
            input_tokens=reported.input_tokens,
            output_tokens=reported.output_tokens,
            cached_input_tokens=reported.cached_input_tokens,
            confidence=Confidence.EXACT,
            reasoning_tokens=reported.reasoning_tokens,
        )
    return TokenCount(estimate_tokens(prompt), estimate_tokens(output), 0, Confidence.ESTIMATED)


def judge_completion(
    completion: Completion, *, text: str, refused: bool, may_call_tools: bool = False
) -> errors.ProviderError | None:
    """Return why a stream that ended in order is still no success, or None; a call of a tool needs no text."""
    if completion.finish_reason == "content_filter":
        return errors.ContentFilteredError()
    if refused or completion.finish_reason == "refusal":
        return errors.ModelRefusedError()
    if not text.strip() and not (may_call_tools and completion.tool_calls):
        return errors.EmptyAnswerError()
    return None


def _is_plausible(reported: ReportedUsage, *, prompt: str, output: str, most: int) -> bool:
    input_tokens_max = len(prompt.encode()) + INPUT_OVERHEAD_TOKENS_MAX
    return (
        0 < reported.input_tokens <= input_tokens_max
        and (reported.output_tokens > 0 or not output)
        and reported.output_tokens <= most
        and 0 <= reported.cached_input_tokens <= reported.input_tokens
        and 0 <= reported.reasoning_tokens <= reported.output_tokens
        and reported.total_tokens in {None, reported.input_tokens + reported.output_tokens}
    )
