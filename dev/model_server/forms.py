"""The models that answer in a form: JSON that follows a schema, and calls of tools."""

import json
import re
from collections.abc import Mapping
from typing import Any

from dev.model_server import demo_text
from dev.model_server.call import Call

Schema = Mapping[str, Any]
NUMBER = 3
_TOLD = "of exactly this JSON schema:\n"
_NUMBERS = r"-?\d+(?:\.\d+)?"


async def json_answer(call: Call) -> None:
    """Follow the schema; without one write the demo text."""
    schema = schema_of(call)
    text = demo_text.write_answer(call.request.user_message) if schema is None else write_json(call, schema)
    await _write(call, text)


async def json_at_last(call: Call) -> None:
    """Leave out a property at first, and follow the schema when told what is wrong."""
    await _write(call, _broken(call) if _is_first_round(call) else _whole(call))


async def json_never(call: Call) -> None:
    """Write prose where JSON is asked for, however often."""
    await _write(call, f"Certainly! Here is what you asked for, as round {len(call.request.messages)}.")


async def tools(call: Call) -> None:
    """Call the first tool that fits, then answer with what it said."""
    said = [message["content"] for message in call.request.messages if message["role"] == "tool"]
    if said or not call.request.tools:
        await _write(call, f"The tools say: **{', '.join(said)}**." if said else "Nothing was worked out.")
        return
    numbers = re.findall(_NUMBERS, call.request.user_message)[:2]
    arguments = {"expression": " * ".join(numbers or ["6", "7"])}
    await call.write_tool_calls([("calculate", json.dumps(arguments)), ("today", "{}")])
    await call.finish("tool_calls")


async def tools_unknown(call: Call) -> None:
    """Call a tool that nobody has offered, then answer."""
    await _call_once(call, "grant_credits", '{"amount": 1000000}')


async def tools_bad_arguments(call: Call) -> None:
    """Call a tool with arguments that it does not take, then answer."""
    await _call_once(call, "calculate", '{"expression": 5, "and": "more"')


async def tools_for_ever(call: Call) -> None:
    """Call tools and never answer, whatever is said."""
    await call.write_tool_calls([("today", "{}")])
    await call.finish("tool_calls")


def schema_of(call: Call) -> Schema | None:
    """Return the schema that is asked for, beside the prompt or in it."""
    if call.request.schema is not None:
        return call.request.schema
    told = next((str(m["content"]) for m in call.request.messages if m["role"] == "system"), "")
    return json.loads(told.partition(_TOLD)[2]) if _TOLD in told else None


def write_json(call: Call, schema: Schema) -> str:
    """Return believable JSON of a schema, made of the words that the user wrote."""
    words = re.findall(r"[^\W_]{3,}", call.request.user_message) or ["nothing"]
    return json.dumps(_value(schema, words=words, seed=0), ensure_ascii=False)


async def _call_once(call: Call, name: str, arguments: str) -> None:
    said = [message["content"] for message in call.request.messages if message["role"] == "tool"]
    if said or not call.request.tools:
        await _write(call, f"No tool could help: {' '.join(said)}")
        return
    await call.write_tool_calls([(name, arguments)])
    await call.finish("tool_calls")


async def _write(call: Call, text: str) -> None:
    await call.write_all(demo_text.split_into_pieces(text, random=demo_text.seeded(text)))
    await call.finish()


def _is_first_round(call: Call) -> bool:
    return not any(message["role"] == "assistant" for message in call.request.messages)


def _whole(call: Call) -> str:
    schema = schema_of(call)
    return demo_text.write_answer(call.request.user_message) if schema is None else write_json(call, schema)


def _broken(call: Call) -> str:
    schema = schema_of(call)
    if schema is None:
        return demo_text.write_answer(call.request.user_message)
    answer = json.loads(write_json(call, schema))
    answer.pop(next(iter(answer)))
    return json.dumps(answer, ensure_ascii=False)


def _value(schema: Schema, *, words: list[str], seed: int) -> Any:
    match schema["type"]:
        case "object":
            inner = schema["properties"].items()
            return {name: _value(each, words=words, seed=seed + place) for place, (name, each) in enumerate(inner)}
        case "array":
            return [_value(schema["items"], words=words, seed=seed + number) for number in range(NUMBER)]
        case "string" if "enum" in schema:
            return schema["enum"][seed % len(schema["enum"])]
        case "string":
            return " ".join(words[(seed * NUMBER + place) % len(words)] for place in range(NUMBER))
        case "boolean":
            return seed % 2 == 0
    return seed
