"""Moderation: whether a prompt may be sent, and whether an answer may be kept. By local rules or by the provider.

An answer is checked once it is whole; it may have been read by then, and is taken back.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import structlog
import yaml
from django.conf import settings
from django.db import connection
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from apps.generation import switches
from apps.generation.context import Messages
from apps.generation.gateway import errors, moderation_call
from apps.generation.output import Output
from apps.generation.switches import Work

logger = structlog.get_logger(__name__)

RULES_FILE = Path(__file__).parent / "moderation.yaml"


class Mode(TextChoices):
    """Who moderates: the setting MODERATION."""

    OFF = "off", _("Nobody")
    LOCAL = "local", _("The rules of moderation.yaml")
    PROVIDER = "provider", _("The provider's endpoint")


class Rule(NamedTuple):
    """One rule of the file, with what it must flag and what it must not."""

    name: str
    patterns: tuple[re.Pattern[str], ...]
    flagged: tuple[str, ...]
    allowed: tuple[str, ...]


def require_input_allowed(messages: Messages, *, work: Work) -> None:
    """Raise InputModeratedError for a prompt that must not be sent.

    Raises ModerationUnavailableError when the provider cannot be asked: nothing is sent unchecked. PausedError where
    staff have stopped that.
    """
    text = "\n".join(message["content"] for message in messages if message["role"] != "system")
    if found := _flags(text, work=work):
        logger.info("input_moderated", rules=found)
        raise errors.InputModeratedError(", ".join(found))


def require_output_allowed(output: Output, *, work: Work) -> None:
    """Raise OutputModeratedError for an answer that must not be kept, and take its text back.

    When the provider cannot be asked the answer stays: it was read already, and is not lost for a fault of ours.
    """
    try:
        found = _flags(output.text, work=work)
    except (errors.ModerationUnavailableError, errors.PausedError) as error:
        logger.error("answer_not_moderated", detail=error.detail)
        return
    if found:
        logger.info("output_moderated", rules=found)
        output.take_back()
        raise errors.OutputModeratedError(", ".join(found))


@cache
def rules() -> tuple[Rule, ...]:
    """Return the local rules."""
    raw = yaml.safe_load(RULES_FILE.read_text(encoding="utf-8"))
    return tuple(
        Rule(
            name=rule["name"],
            patterns=tuple(re.compile(pattern, re.IGNORECASE) for pattern in rule["patterns"]),
            flagged=tuple(rule["flagged"]),
            allowed=tuple(rule["allowed"]),
        )
        for rule in raw["rules"]
    )


def flags_of_rules(text: str) -> list[str]:
    """Return the names of the local rules that a text breaks."""
    return [rule.name for rule in rules() if any(pattern.search(text) for pattern in rule.patterns)]


def _flags(text: str, *, work: Work) -> list[str]:
    match Mode(settings.MODERATION):
        case Mode.LOCAL:
            return flags_of_rules(text)
        case Mode.PROVIDER:
            permit = switches.permit(work, provider=moderation_call.PROVIDER)
            # No connection is held while a provider is waited for.
            connection.close()
            return moderation_call.flags(text, permit=permit)
        case _:
            return []
