"""The blocking driver for OpenAI and any OpenAI-compatible service, over the SDK's raw streaming response."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import httpx2
import openai

from apps.generation.gateway import errors, http
from apps.generation.gateway.decoder import StreamDecoder, error_of
from apps.generation.gateway.interruptible import guarded_by
from apps.generation.gateway.types import Endpoint, Event, Guard, ProviderRequest

CLIENTS_MAX = 32
# The SDK wants a key, a server of one's own may want none.
NO_KEY = "none"


def stream(endpoint: Endpoint, request: ProviderRequest, *, guard: Guard) -> Iterator[Event]:
    """Call the model once; see `types.Provider` for what comes back and what is raised."""
    decoder = StreamDecoder()
    arguments = _arguments(endpoint, request)
    with guarded_by(guard):
        try:
            with _client(endpoint).chat.completions.with_streaming_response.create(**arguments) as response:
                yield http.head_of(response.http_response)
                http.require_event_stream(response.headers)
                for data in response.iter_bytes():
                    guard()
                    yield from decoder.feed(data)
                completion = decoder.finish()
        except errors.ProviderError:
            raise
        except openai.APIStatusError as error:
            raise http.answered(_refusal(error), error.response) from error
        except (openai.APIError, httpx2.HTTPError, OSError) as error:
            # The SDK wraps whatever ends the wait for headers, the guard's own error too.
            raise http.cause_of(error, output_started=decoder.started) from error
    yield completion


@lru_cache(maxsize=CLIENTS_MAX)
def _client(endpoint: Endpoint) -> openai.OpenAI:
    return openai.OpenAI(
        api_key=endpoint.key or NO_KEY,
        base_url=endpoint.base_url,
        organization=endpoint.organization or None,
        # One retry layer, ours.
        max_retries=0,
        timeout=http.timeout(),
        http_client=openai.DefaultHttpx2Client(**http.client_options()),
    )


def _arguments(endpoint: Endpoint, request: ProviderRequest) -> dict[str, Any]:
    # OpenAI's newer models refuse max_tokens; many compatible servers know nothing else.
    official = "api.openai.com" in endpoint.base_url
    optional = {
        "store": False,
        "safety_identifier": request.safety_identifier or openai.omit,
        "stream_options": {"include_usage": True},
    }
    return {
        "model": request.model,
        "messages": list(request.messages),
        "max_completion_tokens" if official else "max_tokens": request.output_tokens_max,
        "stream": True,
        **{name: value for name, value in optional.items() if name not in endpoint.omit},
        "extra_headers": {"X-Request-ID": request.request_id, "Accept-Encoding": "identity"},
        **_form(request),
    }


def _form(request: ProviderRequest) -> dict[str, Any]:
    """Return what is asked of the answer's form, and which tools there are."""
    form: dict[str, Any] = {}
    if request.schema is not None:
        named = {"name": "answer", "strict": True, "schema": dict(request.schema)}
        form["response_format"] = {"type": "json_schema", "json_schema": named}
    if request.tools:
        form |= {"tools": list(request.tools), "tool_choice": "none" if request.must_answer else "auto"}
    return form


def _refusal(error: openai.APIStatusError) -> errors.ProviderError:
    retry_after = http.retry_after_of(error.response.headers)
    return error_of(error.body, status=error.status_code, retry_after_seconds=retry_after)
