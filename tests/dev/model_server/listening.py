"""How the tests speak to the model server: raw HTTP, bare sockets and the journal."""

import json
import socket
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx2
import openai

QUESTION = "Explain how a bakery plans its bread for Saturday, and what the oven has to do with it."
PATIENCE_SECONDS = 10


class Heard(NamedTuple):
    """What a client has read: the raw body, the data of each event and the error that ended it, if one did."""

    response: httpx2.Response
    body: bytes
    error: Exception | None

    @property
    def events(self) -> list[str]:
        lines = self.body.decode(errors="replace").split("\n")
        return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]

    @property
    def chunks(self) -> list[dict[str, Any]]:
        return [json.loads(event) for event in self.events if event != "[DONE]"]

    @property
    def text(self) -> str:
        return "".join(c["delta"].get("content") or "" for c in self._choices if c["delta"])

    @property
    def finish_reason(self) -> str | None:
        return next((choice["finish_reason"] for choice in self._choices if choice["finish_reason"]), None)

    @property
    def _choices(self) -> list[dict[str, Any]]:
        return [choice for chunk in self.chunks for choice in chunk.get("choices") or []]


def messages_of(message: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": message}]


def body_of(model: str, message: str = QUESTION, **parameters: Any) -> dict[str, Any]:
    return {"model": model, "messages": messages_of(message), "stream": True, **parameters}


def complete(client: openai.OpenAI, model: str, *, message: str = QUESTION, **parameters: Any) -> Any:
    return client.chat.completions.create(model=model, messages=messages_of(message), **parameters)


def listen(url: str, model: str, message: str = QUESTION, *, headers: Any = None, **parameters: Any) -> Heard:
    """Ask and read the raw body to its end, however it ends."""
    body, error = b"", None
    named = {"authorization": "Bearer key", **(headers or {})}
    content = json.dumps(body_of(model, message, **parameters))
    address = f"{url}/v1/chat/completions"
    with httpx2.stream("POST", address, content=content, headers=named, timeout=PATIENCE_SECONDS) as response:
        try:
            for part in response.iter_raw():
                body += part
        except httpx2.HTTPError as caught:
            error = caught
    return Heard(response, body, error)


def hold(url: str, model: str, message: str = QUESTION, **parameters: Any) -> socket.socket:
    """Ask over a bare socket and leave it open."""
    content = json.dumps(body_of(model, message, **parameters)).encode()
    connection = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=PATIENCE_SECONDS)
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: local\r\nauthorization: Bearer key\r\n"
    connection.sendall(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)
    return connection


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    received = b""
    while mark not in received:
        part = connection.recv(65536)
        assert part, "the server hung up"
        received += part
    return received


def is_silent(connection: socket.socket) -> bool:
    connection.settimeout(0.3)
    try:
        return connection.recv(65536) is None
    except TimeoutError:
        return True


def usage_of(heard: Heard) -> tuple[int, int] | None:
    usage = heard.chunks[-1].get("usage")
    return usage and (usage["prompt_tokens"], usage["completion_tokens"])


def last_call(url: str) -> dict[str, Any]:
    return httpx2.get(f"{url}/journal").json()["calls"][-1]


def is_alive(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz").is_success
    except httpx2.TransportError:
        return False


def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
