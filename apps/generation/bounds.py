"""How large the rounds of a run can become: what each may add to the prompt of the next, and so to its price."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from apps.generation import context, output_schema
from apps.generation.answer_policies import TOOL_CALLS_PER_ROUND_MAX, Policy
from apps.generation.context import MESSAGE_OVERHEAD_TOKENS, Messages
from apps.generation.tool_runs import RESULT_BYTES_MAX
from apps.generation.tools import TOOLS
from apps.usage import rating

COMPLAINT_CHARACTERS_MAX = 1_200
ARGUMENTS_SHOWN_CHARACTERS = 500


class Most(NamedTuple):
    """The most tokens that all rounds of a run can take together."""

    input_tokens: int
    output_tokens: int


def most_tokens(policy: Policy, messages: Messages, *, output_tokens_max: int) -> Most:
    """Return the most tokens of a run: each round reads what was asked and written before it, and writes up to its cap.

    A provider reads again what it wrote as as many tokens as it wrote.
    """
    prompt = context.most_tokens(messages) + _tokens_of_form(policy)
    later = [output_tokens_max + added for added in _added(policy)]
    inputs = [prompt + sum(later[:number]) for number in range(policy.rounds_max)]
    return Most(sum(inputs), policy.rounds_max * output_tokens_max)


def with_instructions(messages: Messages, schema: Mapping[str, Any]) -> Messages:
    """Return the prompt with the form of the answer added to our own words, the system's."""
    first, *others = messages
    told = f"{first['content'].rstrip()}\n\n{output_schema.instructions(schema)}"
    return ({**first, "content": told}, *others)


def complaint(problems: tuple[str, ...]) -> str:
    """Return how a model is told what was wrong with its answer."""
    named = "\n".join(f"- {problem}" for problem in problems)[:COMPLAINT_CHARACTERS_MAX]
    return f"This answer cannot be used:\n{named}\nAnswer once more, whole, and keep exactly to what was asked."


def _tokens_of_form(policy: Policy) -> int:
    """Return what a schema or the descriptions of tools add to every prompt."""
    if policy.schema is not None:
        return rating.estimate_tokens_max(output_schema.instructions(policy.schema)) + MESSAGE_OVERHEAD_TOKENS
    described = [json.dumps(TOOLS[name].schema()) for name in policy.tools]
    return sum(rating.estimate_tokens_max(each) + MESSAGE_OVERHEAD_TOKENS for each in described)


def _added(policy: Policy) -> list[int]:
    """Return the tokens that each round after the first reads besides the answers before it."""
    if policy.workflow:
        return [rating.estimate_tokens_max(step.prompt) + 2 * MESSAGE_OVERHEAD_TOKENS for step in policy.workflow[1:]]
    if policy.tools:
        result = -(-RESULT_BYTES_MAX // 3) + MESSAGE_OVERHEAD_TOKENS
        return [MESSAGE_OVERHEAD_TOKENS + TOOL_CALLS_PER_ROUND_MAX * result] * (policy.rounds_max - 1)
    # Problems may quote any script: three bytes a character, a token for three bytes.
    told = COMPLAINT_CHARACTERS_MAX + rating.estimate_tokens_max(complaint(())) + 2 * MESSAGE_OVERHEAD_TOKENS
    return [told] * (policy.rounds_max - 1)
