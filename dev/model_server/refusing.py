"""The models that answer with an HTTP error, always or the first time."""

from dev.model_server import answering
from dev.model_server.call import Call
from dev.model_server.wire import RefusalError

REDIRECT_TARGET = "http://127.0.0.2:9/v1/chat/completions"


async def context_too_long(call: Call) -> None:
    """Refuse as if the input did not fit into the model."""
    message = "This model's maximum context length is 8192 tokens. Please reduce the length of the messages."
    raise RefusalError(status=400, message=message, code="context_length_exceeded", param="messages")


async def unauthorized(call: Call) -> None:
    """Refuse as if the key were wrong."""
    raise RefusalError(status=401, message="Incorrect API key provided.", code="invalid_api_key")


async def not_found(call: Call) -> None:
    """Refuse as if the model did not exist."""
    message = f"The model '{call.request.model}' does not exist or you do not have access to it."
    raise RefusalError(status=404, message=message, code="model_not_found", param="model")


async def rate_limited(call: Call) -> None:
    """Refuse for a second."""
    raise _rate_limit({"retry-after": "1"})


async def rate_limited_without_hint(call: Call) -> None:
    """Refuse without saying for how long."""
    raise _rate_limit({})


async def rate_limited_absurdly(call: Call) -> None:
    """Refuse for more than a day."""
    raise _rate_limit({"retry-after": "99999"})


async def rate_limited_once(call: Call) -> None:
    """Refuse the first attempt."""
    if call.is_first():
        raise _rate_limit({"retry-after": "1"})
    await answering.demo_fast(call)


async def quota_used_up(call: Call) -> None:
    """Refuse because the founder has not paid; trying again does not help."""
    message = "You exceeded your current quota, please check your plan and billing details."
    raise RefusalError(status=429, message=message, kind="insufficient_quota", code="insufficient_quota")


async def server_error(call: Call) -> None:
    """Fail inside."""
    raise _server_error()


async def server_error_once(call: Call) -> None:
    """Fail inside at the first attempt."""
    if call.is_first():
        raise _server_error()
    await answering.demo_fast(call)


async def overloaded(call: Call) -> None:
    """Refuse because of too much traffic."""
    message = "The engine is currently overloaded, please try again later."
    raise RefusalError(status=503, message=message, kind="server_error", code="overloaded")


async def redirect(call: Call) -> None:
    """Send the client, with its key, somewhere else."""
    headers = {"location": REDIRECT_TARGET}
    raise RefusalError(status=307, message="Moved.", kind="redirect", headers=headers)


def _rate_limit(headers: dict[str, str]) -> RefusalError:
    message = "Rate limit reached for requests. Please try again later."
    return RefusalError(status=429, message=message, kind="requests", code="rate_limit_exceeded", headers=headers)


def _server_error() -> RefusalError:
    message = "The server had an error while processing your request. Sorry about that!"
    return RefusalError(status=500, message=message, kind="server_error")
