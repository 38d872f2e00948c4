"""One request to an ASGI application, without a server."""

import asyncio


async def answer_of(application, path, *, method="GET", headers=(), query=b"", body=b""):
    """Send one request and return (status, headers, body) as soon as it is there; header names in lower case."""
    sent, gone, requests = [], asyncio.Event(), [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        if requests:
            return requests.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers), "query_string": query}
    await application(scope | {"client": ("203.0.113.77", 4711), "server": ("127.0.0.1", 80)}, receive, send)
    gone.set()
    answered = {name.lower(): value for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(message.get("body", b"") for message in sent)
