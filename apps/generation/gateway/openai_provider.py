"""The blocking driver for OpenAI and any OpenAI-compatible service, over the SDK's raw streaming response."""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx2
import openai
from django.conf import settings

from apps.generation.gateway import errors
from apps.generation.gateway.decoder import StreamDecoder, error_of
from apps.generation.gateway.interruptible import Guard, InterruptibleTransport, guarded_by
from apps.generation.gateway.types import Event, ProviderRequest

CONNECT_TIMEOUT_SECONDS = 5.0
CONNECTIONS_MAX = 1000


def stream(request: ProviderRequest, *, guard: Guard) -> Iterator[Event]:
    """Call the model once and yield its deltas, then one completion.

    `guard` is asked at least four times a second and may raise to end the call. Raises a ProviderError for whatever
    else goes wrong: the network, the provider's refusals, an unreadable stream, an end without a finish reason.
    """
    decoder = StreamDecoder()
    with guarded_by(guard):
        try:
            with _client().chat.completions.with_streaming_response.create(**_arguments(request)) as response:
                _require_event_stream(response.headers)
                for data in response.iter_bytes():
                    guard()
                    yield from decoder.feed(data)
                completion = decoder.finish()
        except errors.ProviderError:
            raise
        except openai.APIStatusError as error:
            raise _refusal(error) from error
        except (openai.APIError, httpx2.HTTPError, OSError) as error:
            # The SDK wraps whatever ends the wait for headers, the guard's own error too.
            raise _cause(error, output_started=decoder.started) from error
    yield completion


@cache
def _client() -> openai.OpenAI:
    limits = httpx2.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=100)
    http_client = openai.DefaultHttpx2Client(transport=InterruptibleTransport(limits=limits), follow_redirects=False)
    total = settings.GENERATION_DEADLINES["total"]
    return openai.OpenAI(
        api_key=settings.OPENAI_API_KEY,
        base_url=settings.OPENAI_BASE_URL,
        organization=settings.OPENAI_ORGANIZATION or None,
        # One retry layer, ours; the guard's deadlines are tighter than this backstop.
        max_retries=0,
        timeout=httpx2.Timeout(total, connect=CONNECT_TIMEOUT_SECONDS),
        http_client=http_client,
    )


def _arguments(request: ProviderRequest) -> dict[str, Any]:
    # OpenAI's newer models refuse max_tokens; many compatible servers know nothing else.
    official = "api.openai.com" in settings.OPENAI_BASE_URL
    return {
        "model": request.model,
        "messages": list(request.messages),
        "max_completion_tokens" if official else "max_tokens": request.output_tokens_max,
        "stream": True,
        "stream_options": {"include_usage": True},
        "extra_headers": {"X-Request-ID": request.request_id, "Accept-Encoding": "identity"},
    }


def _require_event_stream(headers: httpx2.Headers) -> None:
    if not headers.get("content-type", "").startswith("text/event-stream"):
        raise errors.MalformedStreamError(f"the answer is {headers.get('content-type', 'of no type')}")


def _refusal(error: openai.APIStatusError) -> errors.ProviderError:
    retry_after = _seconds(error.response.headers.get("retry-after", ""))
    return error_of(error.body, status=error.status_code, retry_after_seconds=retry_after)


def _cause(error: Exception, *, output_started: bool) -> errors.ProviderError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, errors.ProviderError):
            return cause
        cause = cause.__cause__
    if output_started:
        return errors.StreamInterruptedError(str(error))
    return errors.ProviderUnavailableError(f"{type(error).__name__}: {error}")


def _seconds(header: str) -> float | None:
    try:
        seconds = float(header)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
