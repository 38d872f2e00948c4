"""A chat completion request, checked as strictly as OpenAI checks it."""

import json
import re
from dataclasses import dataclass
from typing import Any

from dev.model_server.wire import RefusalError, count_tokens

LIMITS = ("max_completion_tokens", "max_tokens")


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """What one call asks for."""

    model: str
    messages: list[dict[str, Any]]
    stream: bool
    include_usage: bool
    output_tokens_max: int | None
    schema: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None

    @property
    def user_message(self) -> str:
        """Return the text of the last message that the user wrote."""
        return next((_text_of(m) for m in reversed(self.messages) if m["role"] == "user"), "")

    @property
    def input_tokens(self) -> int:
        """Return the tokens of all messages together."""
        return count_tokens("".join(_text_of(message) for message in self.messages))

    def option(self, name: str, *, default: float) -> float:
        """Return NUMBER from `name=NUMBER` in the user's message."""
        found = re.search(rf"\b{name}=(\d+(?:\.\d+)?)", self.user_message)
        return float(found[1]) if found else default


def parse_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a request. Raises RefusalError."""
    try:
        fields = json.loads(body)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise RefusalError(status=400, message="We could not parse the JSON body of your request.")
    return fields


def check_fields(fields: dict[str, Any]) -> ChatRequest:
    """Return the checked request. Raises RefusalError naming the parameter that is wrong."""
    stream = fields.get("stream") or False
    stream_options = fields.get("stream_options")
    if stream_options is not None and not stream:
        raise _invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
    if fields.get("n") not in (None, 1):
        raise _invalid("n", "This server gives one choice per request.")
    return ChatRequest(
        model=fields["model"],
        messages=_check_messages(fields.get("messages")),
        stream=bool(stream),
        include_usage=bool((stream_options or {}).get("include_usage")),
        output_tokens_max=_check_limit(fields),
        schema=_check_schema(fields.get("response_format")),
        tools=_check_tools(fields),
    )


def _check_messages(messages: Any) -> list[dict[str, Any]]:
    if not isinstance(messages, list) or not messages:
        raise _invalid("messages", "Invalid 'messages': expected a list with at least one message.")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise _invalid(f"messages[{index}]", "Each message is an object with a role.")
        if not isinstance(message.get("content"), str | list | None):
            raise _invalid(f"messages[{index}].content", "Content is a string or a list of parts.")
    return messages


def _check_schema(response_format: Any) -> dict[str, Any] | None:
    if response_format is None:
        return None
    named = response_format.get("json_schema") if isinstance(response_format, dict) else None
    if not isinstance(named, dict) or not named.get("name") or not isinstance(named.get("schema"), dict):
        raise _invalid("response_format", "Expected a json_schema with a name and a schema.")
    _check_strict(named["schema"])
    schema: dict[str, Any] = named["schema"]
    return schema


def _check_strict(schema: dict[str, Any]) -> None:
    """Refuse what OpenAI's strict mode refuses: an object that may have less, or more, than its properties."""
    if schema.get("type") == "array":
        _check_strict(schema["items"])
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False or set(schema["required"]) != set(schema["properties"]):
            raise _invalid("response_format", "Invalid schema: all properties are required and no others allowed.")
        for inner in schema["properties"].values():
            _check_strict(inner)


def _check_tools(fields: dict[str, Any]) -> list[dict[str, Any]] | None:
    tools = fields.get("tools")
    if tools is None:
        if any(message.get("role") == "tool" for message in fields["messages"]):
            raise _invalid("messages", "Messages with role 'tool' need tools.")
        return None
    if not isinstance(tools, list) or not all(each.get("function", {}).get("name") for each in tools):
        raise _invalid("tools", "Each tool is a function with a name.")
    return tools


def _check_limit(fields: dict[str, Any]) -> int | None:
    given = {name: fields[name] for name in LIMITS if fields.get(name) is not None}
    if len(given) > 1:
        raise _invalid(
            "max_tokens", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not allowed."
        )
    for name, value in given.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise _invalid(name, f"Invalid '{name}': expected an integer of at least 1.")
        return value
    return None


def _text_of(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(str(part["text"]) for part in content if isinstance(part, dict) and "text" in part)


def _invalid(param: str, message: str) -> RefusalError:
    return RefusalError(status=400, message=message, param=param, code="invalid_value")
