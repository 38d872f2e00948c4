"""Every address, asked by everybody who has no business there: anonymous, another tenant, a customer among staff."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils.regex_helper import normalize

from tests.factories import GenerationFactory, MembershipFactory

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# What anyone may see, and why.
PUBLIC = {
    "": "the landing page",
    "pricing/": "what it costs",
    "help/": "answers",
    "contact/": "how to write to us",
    "contact/thanks/": "says that a message has arrived",
    "terms/": "a legal page",
    "privacy/": "a legal page",
    "cookies/": "a legal page",
    "imprint/": "a legal page",
    "ai/": "what is sent to whom",
    "status/": "whether everything works",
    "notices/dismissals/": "puts a notice away in one browser",
    "robots.txt": "asked by crawlers",
    "sitemap.xml": "asked by crawlers",
    "favicon.ico": "asked by browsers",
    "accounts/signup/": "the way in",
    "accounts/login/": "the way in",
    "accounts/login/code/": "the way in, by a mailed code",
    "accounts/connections/canceled/": "says that nothing was done",
    "accounts/password/reset/": "the way back in",
    "accounts/password/reset/done/": "says that a mail is on its way",
    "accounts/password/reset/key/<uidb36>-<key>/": "says that a link is not valid",
    "accounts/password/reset/key/done/": "says that it is done",
    "accounts/confirm-email/": "says that a mail is on its way",
    "accounts/confirm-email/<key>/": "says that a link is not valid",
    "accounts/inactive/": "says that the account is closed",
    "accounts/suspended/": "says that the account is suspended",
    "accounts/logout/": "ends a session, if there is one",
    "settings/theme/": "the look of the pages: a cookie of the browser's own",
    "admin/login/": "the way in for staff",
    "admin/logout/": "ends a session, if there is one",
    "healthz": "asked by the platform",
    "readyz": "asked by the platform",
}
# Refusals that come before anybody looks at who asks, or that are there for everybody.
REFUSALS = {400, 401, 403, 404, 405}
# Some of allauth's pages send anonymous people on to another page of its own, which asks for a login.
LOGINS = ("/accounts/", "/admin/login/")
SAMPLES = {"uuid": "01890000-0000-7000-8000-000000000000", "int": "1", "slug": "a", "str": "a", "path": "a"}


def routes(patterns=None, prefix="") -> Iterator[str]:
    """Yield every address of the product with its parameters in angle brackets."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + _route(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route


def _route(pattern) -> str:
    if isinstance(pattern, RoutePattern):
        return str(pattern)
    text, names = normalize(pattern.regex.pattern)[0]
    return text % {name: f"<{name}>" for name in names}


def fill(route: str, **known: str) -> str:
    """Return an address that the route matches."""

    def sample(parameter: re.Match) -> str:
        kind, _colon, name = parameter[1].rpartition(":")
        return known.get(name) or SAMPLES[kind or "str"]

    return "/" + re.sub(r"<([^>]+)>", sample, route)


ROUTES = sorted(set(routes()))
OF_A_GENERATION = [route for route in ROUTES if "generation_id>" in route]
OF_STAFF = [route for route in ROUTES if route.startswith("admin/") and route not in PUBLIC]


def test_the_walk_meets_every_kind_of_address():
    met = {
        "generations/<uuid:generation_id>/",
        "api/v1/balance/",
        "webhooks/stripe/",
        "admin/billing/hold/",
        "billing/",
    }

    assert met <= set(ROUTES)


def test_every_public_address_exists():
    assert PUBLIC.keys() - set(ROUTES) == set()


def answers(client: Client, address: str) -> dict[str, tuple[int, str]]:
    """Ask by every method; return status and where it sends the caller."""
    client.raise_request_exception = False
    asked = {method: client.generic(method, address) for method in METHODS}
    return {method: (answer.status_code, answer.headers.get("Location", "")) for method, answer in asked.items()}


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("route", [route for route in ROUTES if route not in PUBLIC])
def test_anonymous_people_are_sent_to_a_login_or_refused(db, route):
    let_in = {
        method: answer
        for method, answer in answers(Client(), fill(route)).items()
        if answer[0] not in REFUSALS and not (answer[0] == 302 and answer[1].startswith(LOGINS))
    }

    assert let_in == {}


@pytest.mark.parametrize("route", PUBLIC)
def test_a_public_address_breaks_for_nobody(db, route):
    assert max(status for status, _location in answers(Client(), fill(route)).values()) < 500


@pytest.mark.parametrize("route", OF_A_GENERATION)
def test_another_tenant_learns_nothing_of_a_generation(db, route):
    mine = GenerationFactory()

    told = answers(logged_in(MembershipFactory().user), fill(route, generation_id=str(mine.pk)))

    assert {status for status, _location in told.values()} <= {404, 405}
    mine.refresh_from_db()
    assert (mine.status, mine.cancel_requested_at) == ("queued", None)


@pytest.mark.parametrize("route", OF_A_GENERATION)
def test_its_owner_is_let_in(db, route):
    mine = GenerationFactory()

    told = answers(logged_in(mine.user), fill(route, generation_id=str(mine.pk)))

    assert {status for status, _location in told.values()} & {200, 202, 204, 302}


@pytest.mark.parametrize("route", OF_STAFF)
def test_a_customer_never_sees_the_admin(db, route):
    let_in = {
        method: answer
        for method, answer in answers(logged_in(MembershipFactory().user), fill(route)).items()
        if answer[0] not in REFUSALS and not (answer[0] == 302 and answer[1].startswith(LOGINS))
    }

    assert let_in == {}
