"""The moderation endpoint: flags what holds a marker, and misbehaves on request of the text, as models do by name."""

import asyncio
import json

from dev.model_server.response import Response
from dev.model_server.wire import RefusalError

FLAGGED = "keel-flag-this"
FAILING = "keel-moderation-500"
HANGING = "keel-moderation-hangs"
STRANGE = "keel-moderation-html"
HANG_SECONDS = 60


async def moderate(*, body: bytes, response: Response) -> None:
    """Answer one question in OpenAI's form."""
    text = str(json.loads(body).get("input", ""))
    if HANGING in text:
        await asyncio.sleep(HANG_SECONDS)
    if FAILING in text:
        await response.refuse(RefusalError(status=500, message="The server had an error.", kind="server_error"))
    elif STRANGE in text:
        await response.reply(b"<html></html>", content_type="text/html")
    else:
        flagged = FLAGGED in text
        result = {"flagged": flagged, "categories": {"harassment": False, "violence": flagged}, "category_scores": {}}
        await response.reply_json({"id": "modr-1", "model": "omni-moderation-latest", "results": [result]})
