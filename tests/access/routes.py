"""The addresses of the product, read off its URLconf."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils.regex_helper import normalize

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
UNSAFE = METHODS[1:]
SAMPLES = {"uuid": "01890000-0000-7000-8000-000000000000", "int": "1", "slug": "a", "str": "a", "path": "a"}
_PARAMETER = re.compile(r"<([^>]+)>")


def views(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every address of the product, with its parameters in angle brackets, and what answers there."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + _route(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from views(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route, entry.callback


def fill(route: str, known: dict[str, str] | None = None) -> str:
    """Return an address that the route matches: with what is known by the parameter's name, else with a sample."""

    def value(parameter: re.Match[str]) -> str:
        kind, _colon, name = parameter[1].rpartition(":")
        return (known or {}).get(name) or SAMPLES[kind or "str"]

    return "/" + _PARAMETER.sub(value, route)


def _route(pattern: Any) -> str:
    if isinstance(pattern, RoutePattern):
        return str(pattern)
    text, names = normalize(pattern.regex.pattern)[0]
    return text % {name: f"<{name}>" for name in names}


ROUTES = sorted({route for route, _view in views()})
