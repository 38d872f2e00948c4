"""One call being answered: what a model's function writes through, streamed or not."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

from dev.model_server import wire
from dev.model_server.chat_request import ChatRequest
from dev.model_server.journal import CallRecord
from dev.model_server.response import Response

Usage = dict[str, Any]
YIELD_EVERY = 20


class LimitReachedError(Exception):
    """The answer was cut at max_tokens; the server ends it with the finish reason `length`."""


class AnswerEndedError(Exception):
    """The response is complete, so the model's function has nothing left to do."""


class Call:
    """One call: its request, its response so far and its record in the journal.

    Text goes into the record before it goes into the socket, so no client ever has more than the journal says.
    """

    def __init__(
        self, *, request: ChatRequest, record: CallRecord, response: Response, is_first: Callable[[], bool]
    ) -> None:
        self.request = request
        self.response = response
        self.is_first = is_first
        self.report_usage: Callable[[Usage], Usage | None] = lambda usage: usage
        self._record = record
        self._pieces: list[str] = []
        self._output_bytes = 0
        self._refusal: str | None = None
        self._created_at = int(time.time())
        self._has_role = False
        if request.stream:
            record.pieces = self._pieces

    async def open_stream(self) -> None:
        """Send the headers of a stream now; without streaming they can only come with the body."""
        if self.request.stream and not self.response.is_started:
            await self.response.start(content_type="text/event-stream; charset=utf-8")

    async def write(self, text: str, *, is_limited: bool = True) -> None:
        """Add text to the answer. Raises LimitReachedError after the part that fits into max_tokens."""
        limit = self.request.output_tokens_max
        fitting = text
        if is_limited and limit is not None:
            fitting = wire.clip(text, bytes_max=limit * wire.BYTES_PER_TOKEN - self._output_bytes)
        if fitting:
            self._output_bytes += len(wire.encode_text(fitting))
            self._pieces.append(fitting)
            await self.write_delta({"content": fitting})
        if fitting != text:
            raise LimitReachedError

    async def write_all(self, pieces: Iterable[str]) -> None:
        """Add many pieces without delay, letting other calls run in between."""
        for number, piece in enumerate(pieces):
            await self.write(piece)
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)

    async def write_paced(self, pieces: Iterable[tuple[float, str]]) -> None:
        """Add each piece at its second from now, so that a busy machine catches up instead of drifting."""
        clock = asyncio.get_running_loop().time
        started_at = clock()
        for second, piece in pieces:
            await asyncio.sleep(max(0.0, started_at + second - clock()))
            await self.write(piece)

    async def write_refusal(self, text: str) -> None:
        """Add the text of a refusal, which counts as output but is not content."""
        self._refusal = (self._refusal or "") + text
        self._output_bytes += len(wire.encode_text(text))
        await self.write_delta({"refusal": text})

    async def write_tool_calls(self, calls: Iterable[tuple[str, str]]) -> None:
        """Stream calls of tools, by name and arguments; the arguments of each come in two pieces, as they really do."""
        for index, (name, arguments) in enumerate(calls):
            self._output_bytes += len(wire.encode_text(name + arguments))
            half = len(arguments) // 2
            begun = {"id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": ""}}
            await self.write_delta({"tool_calls": [{"index": index, **begun}]})
            for piece in (arguments[:half], arguments[half:]):
                await self.write_delta({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})

    async def write_delta(self, delta: Any) -> None:
        """Stream one delta as it is; without streaming nothing leaves before the end."""
        await self.write_choices([_choice(delta=delta)])

    async def write_choices(self, choices: Any) -> None:
        """Stream one chunk with these choices, however odd they are."""
        if self.request.stream:
            await self._begin_deltas()
            await self.response.write(wire.encode_event(self._chunk(choices)))

    async def write_raw(self, data: bytes) -> None:
        """Send bytes as they are. Without streaming they are the whole body: raises AnswerEndedError."""
        if not self.request.stream:
            await self.response.reply(data, content_type="application/json")
            raise AnswerEndedError
        await self.open_stream()
        await self.response.write(data)

    async def write_error(self, error: dict[str, Any]) -> None:
        """Say inside of a stream that the answer failed."""
        await self.write_raw(wire.encode_event({"error": error}))

    async def finish(self, reason: str | None = "stop") -> None:
        """End the answer as it should end: finish reason, usage if asked for, [DONE]."""
        usage = self.report_usage(self._usage())
        if not self.request.stream:
            self._record.pieces = self._pieces
            await self.response.reply_json(self._completion(reason=reason, usage=usage))
            return
        await self._begin_deltas()
        events = [wire.encode_event(self._chunk([_choice(delta={}, reason=reason)]))]
        if self.request.include_usage and usage is not None:
            events.append(wire.encode_event({**self._chunk([]), "usage": usage}))
        await self.response.write(b"".join([*events, wire.DONE]), is_last=True)

    async def end(self) -> None:
        """End cleanly without a finish reason; a stream also without [DONE]."""
        if not self.request.stream:
            await self.finish(None)
            return
        await self.open_stream()
        await self.response.write(b"", is_last=True)

    async def cut(self) -> None:
        """Leave the body incomplete, upon which uvicorn closes the connection."""
        if not self.request.stream:
            body = wire.encode_json(self._completion(reason=None, usage=None))
            await self.response.start(content_type="application/json", length=len(body))
            await self.response.write(body[: len(body) // 2])

    async def _begin_deltas(self) -> None:
        """Send what comes before the first delta: the headers and a chunk that only tells the role."""
        await self.open_stream()
        if not self._has_role:
            self._has_role = True
            chunk = self._chunk([_choice(delta={"role": "assistant", "content": ""})])
            await self.response.write(wire.encode_event(chunk))

    def _chunk(self, choices: Any) -> dict[str, Any]:
        chunk = {**self._envelope("chat.completion.chunk"), "choices": choices}
        return {**chunk, "usage": None} if self.request.include_usage else chunk

    def _completion(self, *, reason: str | None, usage: Usage | None) -> dict[str, Any]:
        content = "".join(self._pieces) if self._refusal is None else None
        message = {"role": "assistant", "content": content, "refusal": self._refusal}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        return {**self._envelope("chat.completion"), "choices": [choice], "usage": usage}

    def _envelope(self, kind: str) -> dict[str, Any]:
        return {"id": self._record.id, "object": kind, "created": self._created_at, "model": self.request.model}

    def _usage(self) -> Usage:
        given = self.request.input_tokens
        written = -(-self._output_bytes // wire.BYTES_PER_TOKEN)
        return {
            "prompt_tokens": given,
            "completion_tokens": written,
            "total_tokens": given + written,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        }


def _choice(*, delta: Any, reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
