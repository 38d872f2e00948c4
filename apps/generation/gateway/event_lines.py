"""Bytes in, JSON objects out: the lines of server-sent events that all protocols share. No I/O."""

import json
from collections.abc import Iterator
from typing import Any

from apps.generation.gateway import errors

LINE_BYTES_MAX = 4_000_000


class EventLines:
    """Splits one stream into the objects of its data lines; what is no object is an error, never a silent success."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._done = False

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Yield the objects in these bytes, until `[DONE]`. Raises MalformedStreamError."""
        self._buffer += data
        if len(self._buffer) > LINE_BYTES_MAX:
            raise errors.MalformedStreamError("a line without an end")
        # Looking through the whole buffer each time would make a line without an end cost the square of its length.
        if b"\n" not in data:
            return
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = bytearray(rest)
        for line in lines:
            found = self._object(bytes(line))
            if found is not None:
                yield found

    def _object(self, line: bytes) -> dict[str, Any] | None:
        if self._done or not line.startswith(b"data:"):
            return None
        payload = line[5:].strip()
        if payload == b"[DONE]":
            self._done = True
            return None
        try:
            found = json.loads(payload)
        except (ValueError, RecursionError) as error:  # bad JSON, bad UTF-8, and what is nested for ever
            raise errors.MalformedStreamError(str(error)) from error
        if not isinstance(found, dict):
            raise errors.MalformedStreamError("a chunk that is no object")
        return found
