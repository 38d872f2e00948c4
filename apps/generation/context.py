"""What a generation sends to its model: the one place that puts a prompt together; user text has the user role.

What was decided at the start is frozen on the generation, so that the hold and the run see the same prompt. The rule
for what was said before, as the page tells it: the newest turns whole, as many as fit; of older ones their first words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from apps.generation import catalogue, policies, prompts
from apps.generation.models import Generation
from apps.generation.prompts import PromptTemplate
from apps.usage import rating

Messages = tuple[dict[str, Any], ...]

# What a provider counts for each message besides its text.
MESSAGE_OVERHEAD_TOKENS = 16
# How much of any model's window a conversation may fill: it is paid with each message.
HISTORY_TOKENS_MAX = 12_000
# What is told of a message that fell out, of how many turns, and the most that all this can take.
FIRST_WORDS_BYTES, SUMMARIZED_TURNS_MAX, SUMMARY_TOKENS_MAX = 160, 12, 1_600
SUMMARY_HEAD = "Earlier in this conversation, only the first words of each message:"
# Ends that may leave an answer which the conversation goes on from.
ANSWERED = frozenset({Generation.Status.SUCCEEDED, Generation.Status.CANCELED})


@dataclass(frozen=True)
class Turn:
    """One question as it was sent, and its answer."""

    id: str
    asked: str
    answered: str


@dataclass(frozen=True)
class Frozen:
    """What a generation takes along, as its row keeps it: ids of turns, oldest first, and sentences of ours."""

    turns: tuple[str, ...] = ()
    summarized: tuple[str, ...] = ()
    # How many older turns are not told of at all.
    left_out: int = 0
    instructions: tuple[str, ...] = ()

    @classmethod
    def of(cls, generation: Generation) -> "Frozen":
        """Return what a generation was started with; keys of others are left alone."""
        kept = generation.context
        return cls(
            turns=tuple(kept.get("turns", ())),
            summarized=tuple(kept.get("summarized", ())),
            left_out=int(kept.get("left_out", 0)),
            instructions=tuple(kept.get("instructions", ())),
        )

    def as_json(self) -> dict[str, list[str] | int]:
        """Return what the row keeps: nothing at all where there is nothing to say."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items() if value
        }


def messages_of(generation: Generation) -> Messages:
    """Return the prompt of a generation whose template version is loaded: the same at its start and in its run.

    Within a scope. A turn that was deleted meanwhile is left out.
    """
    frozen = Frozen.of(generation)
    base = prompts.messages_of(generation.template_version, generation.inputs)
    before = _turns_by_id([*frozen.summarized, *frozen.turns])
    return assemble(
        base,
        instructions=frozen.instructions,
        summarized=[before[one] for one in frozen.summarized if one in before],
        left_out=frozen.left_out,
        turns=[before[one] for one in frozen.turns if one in before],
    )


def prompt_of(messages: Messages) -> str:
    """Return the text of a prompt, for counting it."""
    return "\n".join(message["content"] for message in messages)


def most_tokens(messages: Messages) -> int:
    """Return the most tokens that a prompt can have."""
    return rating.estimate_tokens_max(prompt_of(messages)) + MESSAGE_OVERHEAD_TOKENS * len(messages)


def freeze(
    *,
    template: PromptTemplate,
    inputs: dict[str, str],
    model: str,
    before: Sequence[Generation] = (),
    instructions: Sequence[str] = (),
) -> tuple[Frozen, Messages]:
    """Choose what a generation takes along of what was said before it, oldest first, with versions loaded.

    Return that and the prompt which `messages_of` makes of it. No query.
    """
    asked = template.messages(inputs)
    base = assemble(asked, instructions=instructions)
    room = catalogue.describe(model).context_window - template.output_tokens_max - most_tokens(base)
    turns = list(map(_turn, answered(before)))
    whole, summarized = trim(turns, room=min(room, HISTORY_TOKENS_MAX))
    frozen = Frozen(
        turns=tuple(turn.id for turn in whole),
        summarized=tuple(turn.id for turn in summarized),
        left_out=len(turns) - len(whole) - len(summarized),
        instructions=tuple(instructions),
    )
    return frozen, assemble(
        asked, instructions=instructions, summarized=summarized, left_out=frozen.left_out, turns=whole
    )


def answered(generations: Iterable[Generation]) -> list[Generation]:
    """Return those that a conversation can go on from: with an answer, and not deleted."""
    return [
        one
        for one in generations
        if one.status in ANSWERED and one.output and one.deleted_at is None and one.texts_erased_at is None
    ]


def trim(turns: Sequence[Turn], *, room: int) -> tuple[Sequence[Turn], Sequence[Turn]]:
    """Return the newest turns that fit whole into so many tokens, and those before them that are summarized.

    Where not all fit, room is kept for the summary; where there is none for it, nothing is told of what fell out.
    """
    fitting = _newest_within(turns, room=room)
    if len(fitting) == len(turns):
        return fitting, ()
    fitting = _newest_within(turns, room=room - SUMMARY_TOKENS_MAX)
    fallen_out = turns[: len(turns) - len(fitting)]
    return fitting, fallen_out[-SUMMARIZED_TURNS_MAX:] if room >= SUMMARY_TOKENS_MAX else ()


def assemble(
    base: Messages,
    *,
    instructions: Sequence[str] = (),
    summarized: Sequence[Turn] = (),
    left_out: int = 0,
    turns: Sequence[Turn] = (),
) -> Messages:
    """Put a prompt together: our own sentences to the system, then what was said before, then what is asked now."""
    system = tuple(message for message in base if message["role"] == "system")
    asked = tuple(message for message in base if message["role"] != "system")
    if instructions:
        text = "\n\n".join([*(message["content"].rstrip() for message in system), " ".join(instructions)])
        system = ({"role": "system", "content": text},)
    summary = ({"role": "user", "content": _summary(summarized, left_out=left_out)},) if summarized else ()
    return (*system, *summary, *(message for turn in turns for message in _messages(turn)), *asked)


def _turns_by_id(ids: Sequence[str]) -> dict[str, Turn]:
    if not ids:
        return {}
    there = Generation.objects.filter(pk__in=ids, deleted_at=None, texts_erased_at=None)
    found = there.select_related("template_version")
    return {str(one.pk): _turn(one) for one in found}


def _turn(generation: Generation) -> Turn:
    version = generation.template_version
    sent = prompts.messages_of(version, generation.inputs)
    asked = "\n\n".join(message["content"] for message in sent if message["role"] == "user")
    return Turn(str(generation.pk), asked, policies.outgoing(policies.of(version.content), generation.output))


def _newest_within(turns: Sequence[Turn], *, room: int) -> Sequence[Turn]:
    kept = 0
    for turn in reversed(turns):
        room -= most_tokens(_messages(turn))
        if room < 0:
            break
        kept += 1
    return turns[len(turns) - kept :]


def _messages(turn: Turn) -> Messages:
    return ({"role": "user", "content": turn.asked}, {"role": "assistant", "content": turn.answered})


def _summary(turns: Sequence[Turn], *, left_out: int) -> str:
    """Return the first words of each: the user's message, whoever wrote what it quotes."""
    older = [f"({left_out} messages before these are left out.)"] if left_out else []
    quoted = [f"- Asked: {_first_words(turn.asked)}\n  Answered: {_first_words(turn.answered)}" for turn in turns]
    return "\n".join([SUMMARY_HEAD, *older, *quoted])


def _first_words(text: str) -> str:
    line = " ".join(text[: FIRST_WORDS_BYTES * 2].split())
    cut = line.encode()[:FIRST_WORDS_BYTES].decode(errors="ignore")
    if len(cut) == len(line):
        return line
    return (cut.rpartition(" ")[0] or cut) + "…"
