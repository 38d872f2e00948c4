"""Running a tool that a model has called: arguments checked, the database shut, and never waited for too long."""

import threading
from typing import Any, NamedTuple, Never

import structlog
from django.db import connections
from pydantic import ValidationError

from apps.generation.gateway.types import ToolCall
from apps.generation.tools import TOOLS, Tool

logger = structlog.get_logger(__name__)

# What a tool returns is read by the model, and so paid for: the hold counts with it.
RESULT_BYTES_MAX = 600
UNKNOWN, INVALID, FAILED, TIMED_OUT = "unknown_tool", "invalid_arguments", "tool_failed", "tool_timed_out"


class DatabaseShutError(Exception):
    """A tool has asked the database for something: there is nothing there for it."""


class ToolResult(NamedTuple):
    """What the model reads, and a code if the call came to nothing."""

    text: str
    error_code: str = ""


def run(call: ToolCall, *, allowed: tuple[str, ...]) -> ToolResult:
    """Run one call. Never raises for what the model asks or the tool does: the model is told, and may do better."""
    tool = TOOLS.get(call.name) if call.name in allowed else None
    if tool is None:
        return ToolResult(f"There is no tool of this name. There are: {', '.join(allowed)}.", UNKNOWN)
    done: list[ToolResult] = []
    # A thread of its own has no connection of the run's, and may be left behind. Under gevent it is a greenlet.
    thread = threading.Thread(target=lambda: done.append(_call(tool, call.arguments)), daemon=True)
    thread.start()
    thread.join(tool.timeout_seconds)
    return done[0] if done else ToolResult("The tool took too long.", TIMED_OUT)


def _call(tool: Tool, arguments: str) -> ToolResult:
    blocked = [connection.execute_wrapper(_refuse) for connection in connections.all()]
    for block in blocked:
        block.__enter__()
    try:
        return ToolResult(_clip(tool.call(arguments)))
    except ValidationError as error:
        return ToolResult(_clip(f"Wrong arguments: {error.errors(include_url=False)[0]['msg']}"), INVALID)
    except ValueError as error:
        return ToolResult(_clip(f"Error: {error}"), FAILED)
    except Exception:
        logger.exception("tool_broke", tool=tool.name)
        return ToolResult("The tool failed.", FAILED)
    finally:
        connections.close_all()


def _refuse(*_call: Any, **_context: Any) -> Never:
    raise DatabaseShutError


def _clip(text: str) -> str:
    return text.encode()[:RESULT_BYTES_MAX].decode(errors="ignore")
