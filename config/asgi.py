"""The front gate of the web process: streams go past Django, everything else through it with a deadline."""

import os

from django.core.asgi import get_asgi_application

from config.environment import settings_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
django_application = get_asgi_application()

from apps.core.body_limit import with_body_limit  # noqa: E402 - Django must be set up first
from apps.core.deadline import Receive, Scope, Send, with_deadline  # noqa: E402
from apps.generation import sse  # noqa: E402

pages = with_deadline(with_body_limit(django_application))


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a connection to its door."""
    if scope["type"] == "lifespan" or sse.PATH.match(scope["path"]):
        await sse.application(scope, receive, send)
    else:
        await pages(scope, receive, send)
