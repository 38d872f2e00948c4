"""The blocking driver for Anthropic's Messages, over httpx2 alone: the example of how another protocol is added."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx2

from apps.generation.gateway import errors, http
from apps.generation.gateway.anthropic_decoder import MessagesDecoder, error_of
from apps.generation.gateway.interruptible import guarded_by
from apps.generation.gateway.types import Endpoint, Event, Guard, ProviderRequest

VERSION = "2023-06-01"
# More of the body of a refusal is not read.
REFUSAL_BYTES_MAX = 100_000


def stream(endpoint: Endpoint, request: ProviderRequest, *, guard: Guard) -> Iterator[Event]:
    """Call the model once; see `types.Provider` for what comes back and what is raised."""
    decoder = MessagesDecoder()
    url, headers, body = f"{endpoint.base_url}/messages", _headers(endpoint, request), _body(endpoint, request)
    with guarded_by(guard):
        try:
            with _client().stream("POST", url, headers=headers, json=body) as response:
                if response.status_code != httpx2.codes.OK:
                    raise http.answered(_refusal(response), response)
                yield http.head_of(response)
                http.require_event_stream(response.headers)
                for data in response.iter_bytes():
                    guard()
                    yield from decoder.feed(data)
                completion = decoder.finish()
        except errors.ProviderError:
            raise
        except (httpx2.HTTPError, OSError) as error:
            raise http.cause_of(error, output_started=decoder.started) from error
    yield completion


@cache
def _client() -> httpx2.Client:
    return httpx2.Client(timeout=http.timeout(), **http.client_options())


def _headers(endpoint: Endpoint, request: ProviderRequest) -> dict[str, str]:
    key = {"x-api-key": endpoint.key} if endpoint.key else {}
    return {
        "anthropic-version": VERSION,
        "X-Request-ID": request.request_id,
        "Accept-Encoding": "identity",
        **key,
    }


def _body(endpoint: Endpoint, request: ProviderRequest) -> dict[str, Any]:
    system = "\n\n".join(message["content"] for message in request.messages if message["role"] == "system")
    body: dict[str, Any] = {
        "model": request.model,
        "messages": _turns(request),
        "max_tokens": request.output_tokens_max,
        "stream": True,
    }
    if system:
        body["system"] = system
    if request.safety_identifier and "safety_identifier" not in endpoint.omit:
        body["metadata"] = {"user_id": request.safety_identifier}
    return body


def _turns(request: ProviderRequest) -> list[dict[str, str]]:
    """Return the messages but for the system's, neighbors of one role as one: roles must take turns."""
    turns: list[dict[str, str]] = []
    for message in request.messages:
        if message["role"] == "system":
            continue
        if turns and turns[-1]["role"] == message["role"]:
            turns[-1]["content"] += f"\n\n{message['content']}"
        else:
            turns.append({"role": message["role"], "content": message["content"]})
    return turns


def _refusal(response: httpx2.Response) -> errors.ProviderError:
    body = b""
    for data in response.iter_bytes():
        body += data
        if len(body) > REFUSAL_BYTES_MAX:
            break
    retry_after = http.retry_after_of(response.headers)
    return error_of(_parse(body), status=response.status_code, retry_after_seconds=retry_after)


def _parse(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
