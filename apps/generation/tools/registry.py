"""The registry of tools: a name, what the model is told, and arguments that are checked before the call."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model


@dataclass(frozen=True)
class Tool:
    """A function as a model sees it. `timeout_seconds`: after so long its answer is not waited for any more."""

    name: str
    description: str
    arguments: type[BaseModel]
    function: Callable[..., str]
    timeout_seconds: float

    def schema(self) -> dict[str, Any]:
        """Return what a provider is told, in OpenAI's form."""
        described = {
            "name": self.name,
            "description": self.description,
            "parameters": self.arguments.model_json_schema(),
        }
        return {"type": "function", "function": described}

    def call(self, arguments: str) -> str:
        """Call the function with arguments in JSON. Raises pydantic's ValidationError, or what the function raises."""
        checked = self.arguments.model_validate_json(arguments or "{}")
        return self.function(**{name: getattr(checked, name) for name in type(checked).model_fields})


TOOLS: dict[str, Tool] = {}


def tool(*, timeout_seconds: float = 2.0) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Register a typed function that returns text. Whoever names it in a template's `tools:` lets a model call it."""

    def register(function: Callable[..., str]) -> Callable[..., str]:
        TOOLS[function.__name__] = Tool(
            name=function.__name__,
            description=inspect.getdoc(function) or "",
            arguments=_arguments_of(function),
            function=function,
            timeout_seconds=timeout_seconds,
        )
        return function

    return register


def _arguments_of(function: Callable[..., str]) -> type[BaseModel]:
    hints = get_type_hints(function)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        given = parameter.default
        fields[name] = (hints[name], ... if given is inspect.Parameter.empty else given)
    return create_model(function.__name__, __config__=ConfigDict(extra="forbid", strict=True), **fields)
