"""An answer in a form as a page shows it: its parts in the order of the schema, as words, lists and tables."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from apps.generation import output_schema
from apps.generation.models import Generation
from apps.generation.output_schema import Schema

NOTHING = "\u2013"
# What JSON puts around the words of a property and its value.
_SYNTAX = re.compile(r'"[a-z0-9_]*":|["\[\]{},]+(?=\s|$)|(?<=\s)["\[{]+')


@dataclass(frozen=True)
class Part:
    """One part of an answer; `kind` says which of the others is filled: text, items, rows with columns, or parts."""

    title: str
    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    parts: tuple["Part", ...] = ()


def schema_of(generation: Generation) -> Schema | None:
    """Return the schema that a generation's template version declares, if it does."""
    output = generation.template_version.content.get("output")
    return output["schema"] if output else None


def read(generation: Generation) -> tuple[Part, ...] | None:
    """Return the parts of an answer; None where there is no schema, or the text does not follow it."""
    schema = schema_of(generation)
    if schema is None or output_schema.judge(schema, generation.output).problems:
        return None
    return _parts(schema, json.loads(generation.output))


def plain(generation: Generation, beginning: str) -> str:
    """Return the beginning of an output for a list: of JSON its words, since half of it cannot be read."""
    return _SYNTAX.sub(" ", beginning) if schema_of(generation) else beginning


def _parts(schema: Schema, values: Mapping[str, Any]) -> tuple[Part, ...]:
    return tuple(_part(_title(name, each), each, values[name]) for name, each in output_schema.properties_of(schema))


def _part(title: str, schema: Schema, value: Any) -> Part:
    if schema["type"] == "object":
        return Part(title, "parts", parts=_parts(schema, value))
    if schema["type"] != "array":
        return Part(title, "text", text=_words(value))
    inner = schema["items"]
    if inner["type"] != "object":
        return Part(title, "items", items=tuple(_words(each) for each in value))
    columns = output_schema.properties_of(inner)
    rows = tuple(tuple(_words(row[name]) for name, _each in columns) for row in value)
    return Part(title, "rows", columns=tuple(_title(name, each) for name, each in columns), rows=rows)


def _title(name: str, schema: Schema) -> str:
    return str(schema.get("title") or name.replace("_", " ").capitalize())


def _words(value: Any) -> str:
    """Return a value of any kind as words; what is nested in a table stands in one cell."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return str(number_format(value))
    if isinstance(value, list):
        return ", ".join(_words(each) for each in value) or NOTHING
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_words(each)}" for name, each in value.items())
    return str(value).strip() or NOTHING
