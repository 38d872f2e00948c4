"""Answers in a form that programs can read: a small part of JSON schema, as a prompt template's file declares it.

An object has `properties`, an array has `items`; strings, integers, numbers and booleans are values, and a string may
have an `enum`. Every property has to be there, and no other may be.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

Schema = Mapping[str, Any]

SCALARS: dict[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}
DEPTH_MAX = 4
PROBLEMS_MAX = 8
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# Models like to put JSON into a fence of Markdown.
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)
_NOTES = {"title", "description"}


class Verdict(NamedTuple):
    """An answer in its canonical form, or the sentences that say why it is none."""

    text: str
    problems: tuple[str, ...] = ()


def check(schema: Schema) -> None:
    """Refuse what is no schema of the part that is understood here. Raises ValueError with the place of the mistake."""
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        raise ValueError("output: the schema is no object")
    _check(schema, path="schema", depth=1)


def judge(schema: Schema, text: str) -> Verdict:
    """Read an answer: indented JSON with the properties in the order of the schema, or what is wrong with it."""
    fenced = _FENCE.match(text)
    try:
        answer = _model(schema, name="answer").model_validate_json(fenced[1] if fenced else text)
    except ValidationError as error:
        return Verdict("", tuple(_sentence(each) for each in error.errors()[:PROBLEMS_MAX]))
    return Verdict(json.dumps(answer.model_dump(), ensure_ascii=False, indent=2))


def ordered(schema: Any) -> Any:
    """Return a schema whose objects list their properties in `required`: what is stored keeps no order of keys.

    What is no schema comes back as it is, for `check` to refuse.
    """
    if not isinstance(schema, Mapping):
        return schema
    if isinstance(properties := schema.get("properties"), Mapping):
        inner = {name: ordered(each) for name, each in properties.items()}
        return {**schema, "properties": inner, "required": list(inner)}
    return {**schema, "items": ordered(schema["items"])} if "items" in schema else schema


def strict(schema: Schema) -> dict[str, Any]:
    """Return the schema as providers ask for it: nothing may be left out, nothing may be added."""
    if schema["type"] == "array":
        return {**schema, "items": strict(schema["items"])}
    if schema["type"] != "object":
        return dict(schema)
    properties = {name: strict(each) for name, each in properties_of(schema)}
    return {**schema, "properties": properties, "required": list(properties), "additionalProperties": False}


def properties_of(schema: Schema) -> list[tuple[str, Schema]]:
    """Return an object's properties in the order of the template's file."""
    return [(name, schema["properties"][name]) for name in schema["required"]]


def instructions(schema: Schema) -> str:
    """Return what a model is told that takes no schema beside the prompt."""
    described = json.dumps(strict(schema), ensure_ascii=False)
    return f"Answer with one JSON object and nothing else, of exactly this JSON schema:\n{described}"


def _check(schema: Any, *, path: str, depth: int) -> None:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    allowed = {"object": {"properties", "required"}, "array": {"items"}, "string": {"enum"}}.get(str(kind), set())
    if kind not in {*SCALARS, "object", "array"}:
        raise ValueError(f"output: {path} has no type that is understood")
    if depth > DEPTH_MAX:
        raise ValueError(f"output: {path} is nested too deeply")
    unknown = schema.keys() - {"type"} - _NOTES - allowed
    if unknown:
        raise ValueError(f"output: {path} says {', '.join(sorted(unknown))}, which is not understood")
    if kind == "array":
        _check(schema.get("items"), path=f"{path}.items", depth=depth + 1)
    if kind == "object":
        _check_properties(schema, path=path, depth=depth)
    if "enum" in schema and not (schema["enum"] and all(isinstance(each, str) for each in schema["enum"])):
        raise ValueError(f"output: {path}.enum is no list of texts")


def _check_properties(schema: Schema, *, path: str, depth: int) -> None:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        raise ValueError(f"output: {path} has no properties")
    if set(schema.get("required", ())) != set(properties):
        raise ValueError(f"output: {path} may leave nothing out")
    for name, each in properties.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name) or hasattr(BaseModel, name):
            raise ValueError(f"output: {path}.{name} is no name for a property")
        _check(each, path=f"{path}.{name}", depth=depth + 1)


def _model(schema: Schema, *, name: str) -> type[BaseModel]:
    fields: dict[str, Any] = {
        key: (_type(each, name=key), Field(description=each.get("description"))) for key, each in properties_of(schema)
    }
    return create_model(name, __config__=ConfigDict(extra="forbid", strict=True), **fields)


def _type(schema: Schema, *, name: str) -> Any:
    if schema["type"] == "object":
        return _model(schema, name=name)
    if schema["type"] == "array":
        return list[_type(schema["items"], name=name)]  # type: ignore[misc]
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    return SCALARS[schema["type"]]


def _sentence(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "json_invalid":
        return _("It is not readable as JSON.")
    return f"{place}: {error['msg']}"
