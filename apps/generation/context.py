"""What a generation sends to its model: the one place that puts a prompt together; user text has the user role."""

from typing import Any

from apps.generation import prompts
from apps.generation.models import Generation

Messages = tuple[dict[str, Any], ...]


def messages_of(generation: Generation) -> Messages:
    """Return the prompt of a generation whose template version is loaded: the same at its start and in its run."""
    return prompts.messages_of(generation.template_version, generation.inputs)


def prompt_of(messages: Messages) -> str:
    """Return the text of a prompt, for counting it."""
    return "\n".join(message["content"] for message in messages)
