"""Refusals that ask for money, time or patience: their codes are written down, and the same at every door."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

import apps
from apps.core import responses
from apps.core.errors import DomainError
from apps.core.rate_headers import Reading
from tests.guards.source import ROOT

DOCUMENT = ROOT / "docs/refusals.md"
STATUSES = {402, 429, 503}


def kinds(parent: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    """All refusals of the product, but those that only others are made of."""
    for kind in parent.__subclasses__():
        if kind.__module__.startswith("apps.") and kind.code not in {one.code for one in kind.__subclasses__()}:
            yield kind
        yield from kinds(kind)


def loaded() -> list[type[DomainError]]:
    for module in pkgutil.walk_packages(apps.__path__, "apps."):
        if ".migrations" not in module.name and ".sql" not in module.name:
            importlib.import_module(module.name)
    found = {kind for kind in kinds() if kind.status in STATUSES and not kind.code.endswith("plan_limit")}
    return sorted(found, key=lambda kind: kind.code)


def answer(kind: type[DomainError], path: str, *, reading: Reading | None = None, **headers: str):
    error = kind.__new__(kind)
    error.readings = [reading] if reading else []
    request = RequestFactory().post(path, headers=headers)
    request.htmx = HtmxDetails(request)
    return responses.refusal(request, error)


def test_the_document_lists_every_code_with_its_status():
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", DOCUMENT.read_text(), re.MULTILINE)

    assert sorted((code, int(status)) for code, status in rows) == [(kind.code, kind.status) for kind in loaded()]


def test_every_door_answers_with_the_same_code_and_status():
    for kind in loaded():
        page, toast = answer(kind, "/generations/"), answer(kind, "/generations/", **{"HX-Request": "true"})
        api = answer(kind, "/api/v1/generations/")

        assert {page.status_code, toast.status_code, api.status_code} == {kind.status}
        assert f'data-code="{kind.code}"'.encode() in toast.content
        assert f'"code": "{kind.code}"'.encode() in api.content
        assert "text/html" in page["Content-Type"]
        waits = {"Retry-After" in one for one in (page, toast, api)}
        assert waits == {kind.status == 429 or kind.retry_after_seconds is not None}


@pytest.mark.parametrize("path", ["/generations/", "/api/v1/generations/"])
def test_a_full_window_is_told_in_the_headers(path):
    [kind] = [kind for kind in loaded() if kind.code == "rate_limited"]

    told = answer(kind, path, reading=Reading("plan", 10, 60, 0, 12))

    assert (told["RateLimit-Policy"], told["RateLimit"]) == ('"plan";q=10;w=60', '"plan";r=0;t=12')
