"""The ASGI application: addresses, the key, and the race between answering and the client hanging up."""

import asyncio
import hashlib
import re
import uuid
from functools import partial

from dev.model_server import chat_request, messages, moderating, wire
from dev.model_server.call import AnswerEndedError, Call, LimitReachedError
from dev.model_server.dialect import CHAT, Dialect
from dev.model_server.journal import CallRecord, Journal
from dev.model_server.messages import MESSAGES, MessagesCall
from dev.model_server.models import MODELS, Behaviour
from dev.model_server.response import Response
from dev.model_server.wire import RefusalError

WRONG_KEY = "wrong-key"
MODELS_CREATED_AT = 1767225600
# The same models below a name: a provider of its own, which can be told to fail.
ANSWERING = re.compile(r"(?:/providers/([a-z0-9-]+))?/v1/(chat/completions|messages)")
FAILURE = re.compile(r"/providers/([a-z0-9-]+)/failure(?:/([45]\d\d))?")
DIALECTS = {dialect.path: dialect for dialect in (CHAT, MESSAGES)}


class ModelServer:
    """The whole server as one ASGI application, with its own journal."""

    def __init__(self) -> None:
        self._journal = Journal()
        self._seen: set[bytes] = set()
        self._failing: dict[str, int] = {}

    async def __call__(self, scope: wire.Message, receive: wire.Receive, send: wire.Send) -> None:
        """Answer one HTTP request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        asked = ANSWERING.fullmatch(scope["path"])
        if asked and scope["method"] == "POST":
            dialect, provider = DIALECTS[asked[2]], asked[1] or ""
            await self._complete(dialect, provider=provider, headers=headers, receive=receive, send=send)
            return
        response = Response(send=send, request_id=_new_id())
        if (scope["method"], scope["path"]) == ("POST", "/v1/moderations"):
            await moderating.moderate(body=await _read_body(receive), response=response)
            return
        try:
            await response.reply_json(self._look_up(method=scope["method"], path=scope["path"], headers=headers))
        except RefusalError as refusal:
            await response.refuse(refusal)

    def _look_up(self, *, method: str, path: str, headers: dict[str, str]) -> object:
        """Return the JSON of everything that is not a completion. Raises RefusalError."""
        match method, path:
            case "GET", "/healthz":
                return {"status": "ok"}
            case "GET", "/v1/models":
                _check_key(CHAT, headers)
                return {"object": "list", "data": [_describe(name) for name in MODELS]}
            case "GET", "/journal":
                return self._journal.as_json()
            case "DELETE", "/journal":
                self._journal.clear()
                self._seen.clear()
                self._failing.clear()
                return self._journal.as_json()
        if failing := FAILURE.fullmatch(path):
            return self._set_failure(method, provider=failing[1], status=failing[2])
        record = self._journal.find(path.removeprefix("/journal/")) if method == "GET" else None
        if record is None:
            raise RefusalError(status=404, message=f"Unknown request URL: {method} {path}.", code="unknown_url")
        return record.as_json()

    def _set_failure(self, method: str, *, provider: str, status: str | None) -> object:
        """Let a provider refuse everything with a status (PUT .../failure/503), or be well again (DELETE)."""
        if method == "PUT" and status:
            self._failing[provider] = int(status)
        elif method == "DELETE":
            self._failing.pop(provider, None)
        return {"failing": self._failing}

    async def _complete(
        self, dialect: Dialect, *, provider: str, headers: dict[str, str], receive: wire.Receive, send: wire.Send
    ) -> None:
        """Answer one call and keep its record, however it ends."""
        record = self._journal.open(call_id=_new_id(), headers=headers, provider=provider)
        response = Response(send=send, request_id=record.id, note=partial(self._note, record), dialect=dialect)
        try:
            body = await _read_body(receive)
            call, behaviour = self._prepare(dialect, body=body, headers=headers, record=record, response=response)
            await _answer_unless_hung_up(call=call, behaviour=behaviour, receive=receive)
            self._journal.close(record, state="finished")
        except RefusalError as refusal:
            self._journal.close(record, state="refused")
            await response.refuse(refusal)
        except HungUpError:
            return
        finally:
            # Also when the server stops or a model's function has a defect: no call stays open for ever.
            self._journal.close(record, state="aborted")

    def _note(self, record: CallRecord, count: int, is_last: bool) -> None:
        """Keep the record ahead of the socket: who has read the last byte finds the call finished."""
        self._journal.add_bytes(record, count)
        if is_last:
            self._journal.close(record, state="finished")

    def _prepare(
        self, dialect: Dialect, *, body: bytes, headers: dict[str, str], record: CallRecord, response: Response
    ) -> tuple[Call, Behaviour]:
        """Return the call and the function that answers it. Raises RefusalError."""
        fields = chat_request.parse_body(body)
        record.model = str(fields.get("model") or "")
        record.messages, record.user = fields.get("messages"), fields.get("user")
        record.parameters = {name: value for name, value in fields.items() if name not in {"model", "messages", "user"}}
        _check_key(dialect, headers)
        if record.provider in self._failing:
            raise RefusalError(status=self._failing[record.provider], message="This provider is down.")
        model = MODELS.get(record.model)
        if model is None:
            raise RefusalError(
                status=404, message=f"The model '{record.model}' does not exist.", code="model_not_found", param="model"
            )
        in_messages = dialect is MESSAGES
        request = messages.check_fields(fields) if in_messages else chat_request.check_fields(fields)
        kind = MessagesCall if in_messages else Call
        call = kind(request=request, record=record, response=response, is_first=lambda: self._is_first(request))
        return call, model.behaviour

    def _is_first(self, request: chat_request.ChatRequest) -> bool:
        """Tell whether the model meets this user message for the first time since start or DELETE /journal."""
        digest = hashlib.sha256(wire.encode_text(f"{request.model}\n{request.user_message}")).digest()
        is_first = digest not in self._seen
        self._seen.add(digest)
        return is_first


class HungUpError(Exception):
    """The client closed the connection before the answer was complete."""


async def _read_body(receive: wire.Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HungUpError
        parts.append(message["body"])
        if not message["more_body"]:
            return b"".join(parts)


async def _answer_unless_hung_up(*, call: Call, behaviour: Behaviour, receive: wire.Receive) -> None:
    """Run the model's function, stopping it the moment the client is gone. Raises HungUpError, RefusalError."""
    answer = asyncio.create_task(_answer(call=call, behaviour=behaviour))
    hang_up = asyncio.create_task(_wait_for_hang_up(receive))
    try:
        await asyncio.wait({answer, hang_up}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise HungUpError
        answer.result()
    finally:
        answer.cancel()
        hang_up.cancel()
        await asyncio.gather(answer, hang_up, return_exceptions=True)


async def _wait_for_hang_up(receive: wire.Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _answer(*, call: Call, behaviour: Behaviour) -> None:
    try:
        await behaviour(call)
    except LimitReachedError:
        await call.finish("length")
    except AnswerEndedError:
        return


def _check_key(dialect: Dialect, headers: dict[str, str]) -> None:
    if dialect.find_key(headers) in {None, WRONG_KEY}:
        raise RefusalError(status=401, message="Incorrect API key provided.", code="invalid_api_key")


def _describe(name: str) -> dict[str, object]:
    return {
        "id": name,
        "object": "model",
        "created": MODELS_CREATED_AT,
        "owned_by": "keel",
        "description": MODELS[name].does,
    }


def _new_id() -> str:
    """Return the one id that a call has everywhere: completion id, x-request-id and address in the journal."""
    return f"chatcmpl-{uuid.uuid4().hex}"
