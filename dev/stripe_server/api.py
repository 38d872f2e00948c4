"""The API: the key, the parameters, idempotency, and the answer in Stripe's form."""

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from typing import Any

from dev.stripe_server import params
from dev.stripe_server.calendar import DAY
from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError
from dev.stripe_server.expanding import expand
from dev.stripe_server.routes import find_route
from dev.stripe_server.shapes import API_VERSION
from dev.stripe_server.world import NO_REQUEST, World, new_id

KEY_LENGTH_MAX = 255
# Stripe forgets an idempotency key after a day at the earliest.
REPLY_SECONDS = DAY
LOG_LENGTH_MAX = 1000


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    query: str
    body: bytes
    headers: dict[str, str]

    @property
    def idempotency_key(self) -> str | None:
        """The key that makes a repeated call one call."""
        return self.headers.get("idempotency-key") if self.method == "POST" else None


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Api:
    """Answers calls, one at a time, and remembers what it answered to which idempotency key."""

    def __init__(self, *, world: World, secret_key: str) -> None:
        self.log: list[dict[str, Any]] = []
        self._world = world
        self._secret_key = secret_key
        self._running: set[str] = set()

    def answer(self, request: Request) -> Reply:
        """Return the answer to one call, whatever it is."""
        request_id = new_id("req_")
        try:
            self._check_key(request.headers)
            self._check_version(request.headers)
            reply = self._answer_once(request, request_id=request_id)
        except StripeError as refusal:
            reply = _refusal(refusal)
        finally:
            self._world.request = NO_REQUEST
        self._write_log(request, reply=reply)
        return Reply(reply.status, reply.body, self._headers(request, request_id=request_id) | reply.headers)

    def hold_key(self, key: str | None) -> None:
        """Treat the call with this key as running, so that a second one is refused."""
        if key:
            self._running.add(key)

    def release_key(self, key: str | None) -> None:
        """Treat the call with this key as over."""
        self._running.discard(key or "")

    def is_running(self, key: str | None) -> bool:
        """Whether a call with this key has not been answered yet."""
        return key in self._running

    def refuse_running(self, request: Request) -> Reply:
        """Return the refusal of a call whose key is in use at this moment."""
        key = request.idempotency_key
        message = f"There is currently another in-progress request using this Idempotent Key: {key}."
        error = StripeError(message, status=409, kind="idempotency_error", code="idempotency_key_in_use")
        reply = _refusal(error)
        self._write_log(request, reply=reply)
        return Reply(reply.status, reply.body, self._headers(request, request_id=new_id("req_")))

    def _answer_once(self, request: Request, *, request_id: str) -> Reply:
        key = request.idempotency_key
        text = request.query if request.method in ("GET", "DELETE") else ""
        tree = params.decode(text or request.body.decode("utf-8", "replace"))
        if key is None:
            return self._execute(request, tree=tree, request_id=request_id)
        if len(key) > KEY_LENGTH_MAX:
            raise StripeError("Idempotency keys must be at most 255 characters.", kind="idempotency_error")
        fingerprint = json.dumps([request.path, tree], sort_keys=True)
        if known := self._find_reply(key):
            if known["fingerprint"] != fingerprint:
                message = "Keys for idempotent requests can only be used with the same parameters they were first used"
                message += f" with. Try using a key other than '{key}' if you meant to execute a different request."
                raise StripeError(message, kind="idempotency_error")
            headers = {"idempotent-replayed": "true", "original-request": known["request"]}
            return Reply(known["status"], known["body"].encode(), headers)
        reply = self._execute(request, tree=tree, request_id=request_id)
        # What was refused before it began may be sent again, corrected, with the same key.
        if reply.status in (200, 402):
            kept = {"fingerprint": fingerprint, "status": reply.status, "body": reply.body.decode()}
            self._world.data["replies"][key] = kept | {"request": request_id, "at": self._world.now()}
        return reply

    def _execute(self, request: Request, *, tree: params.Tree, request_id: str) -> Reply:
        route, ids = find_route(method=request.method, path=request.path)
        checked = params.check(tree, shape=route.shape)
        self._world.request = {"id": request_id, "idempotency_key": request.idempotency_key}
        try:
            answer = route.answer(Call(world=self._world, params=checked, ids=ids, url=request.path))
        except StripeError as refusal:
            return _refusal(refusal)
        paths = checked.get("expand", [])
        return Reply(200, encode(expand(answer, paths=paths, world=self._world) if paths else answer))

    def _find_reply(self, key: str) -> dict[str, Any] | None:
        known: dict[str, Any] | None = self._world.data["replies"].get(key)
        if known and known["at"] < self._world.now() - REPLY_SECONDS:
            return None
        return known

    def _check_key(self, headers: dict[str, str]) -> None:
        key = _read_key(headers.get("authorization", ""))
        if not key:
            message = "You did not provide an API key. You need to provide your API key in the Authorization header, "
            message += "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
            raise StripeError(message, status=401)
        if key != self._secret_key:
            raise StripeError(f"Invalid API Key provided: {key[:7]}***{key[-4:]}", status=401)

    def _check_version(self, headers: dict[str, str]) -> None:
        version = headers.get("stripe-version", API_VERSION)
        if version != API_VERSION:
            raise StripeError(f"Invalid Stripe API version: {version}. The stand-in speaks {API_VERSION}.")

    def _headers(self, request: Request, *, request_id: str) -> dict[str, str]:
        headers = {"content-type": "application/json", "request-id": request_id, "stripe-version": API_VERSION}
        return headers | ({"idempotency-key": request.idempotency_key} if request.idempotency_key else {})

    def _write_log(self, request: Request, *, reply: Reply) -> None:
        entry = {"method": request.method, "path": request.path, "status": reply.status}
        entry |= {"idempotency_key": request.idempotency_key, "body": request.body.decode("utf-8", "replace")}
        self.log.append(entry | {"is_replay": "idempotent-replayed" in reply.headers})
        del self.log[:-LOG_LENGTH_MAX]


def encode(value: Any) -> bytes:
    """Return JSON as Stripe writes it."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def _refusal(refusal: StripeError) -> Reply:
    return Reply(refusal.status, encode({"error": refusal.error}))


def _read_key(authorization: str) -> str:
    scheme, _space, value = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            return b64decode(value, validate=True).decode().partition(":")[0]
        except (Base64Error, UnicodeDecodeError):
            return ""
    return value.strip() if re.fullmatch("bearer", scheme, re.IGNORECASE) else ""
