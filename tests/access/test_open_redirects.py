"""Where an address may say where to go next: never to another host, and never by another scheme."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode, urljoin, urlsplit

import pytest

from tests.access.askers import ANONYMOUS, BY_NAME, OWNER, SUPERUSER, Asker
from tests.access.asking import Answer, ask
from tests.access.rows import ROWS
from tests.access.rules import Rule
from tests.access.staff_rows import ACTS
from tests.access.world import HOST, World
from tests.accounts.conftest import PASSWORD

SITE, EVIL = f"http://{HOST}", "evil.example"
# Names by which products let an address say where to go on.
NAMES = ["next", "next_url", "return_to", "return_url", "return_path", "redirect", "redirect_to", "redirect_uri", "url"]
NAMES += [
    "back",
    "continue",
    "dest",
    "destination",
    "goto",
    "target",
    "to",
    "callback",
    "callback_url",
    "from",
    "r",
    "u",
]
PROBE = "/probe/"
LOG_IN = {"login": "{member}", "password": PASSWORD}
# What makes a form that leads on accept what it is sent.
VALID: dict[str, dict[str, str]] = {
    "accounts/login/": LOG_IN,
    "accounts/reauthenticate/": {"password": PASSWORD},
    "billing/checkout-sessions/": {"offer": "pack:small", "key": "k"},
    "generations/deletions/": {"generation": "{generation_id}"},
}
# Every place that takes such a name, and answers with it: found by asking all addresses for PROBE.
PLACES = {
    ("accounts/login/", "GET", "owner"),
    ("accounts/login/", "POST", "anonymous"),
    ("accounts/login/", "POST", "owner"),
    ("accounts/login/code/", "GET", "owner"),
    ("accounts/login/code/", "POST", "owner"),
    ("accounts/login/code/confirm/", "GET", "owner"),
    ("accounts/login/code/confirm/", "POST", "owner"),
    ("accounts/logout/", "GET", "anonymous"),
    ("accounts/logout/", "POST", "anonymous"),
    ("accounts/logout/", "POST", "owner"),
    ("accounts/passkeys/<int:pk>/name/", "POST", "owner"),
    ("accounts/passkeys/<int:pk>/removal/", "POST", "owner"),
    ("accounts/passkeys/login/", "GET", "owner"),
    ("accounts/passkeys/login/", "POST", "owner"),
    ("accounts/reauthenticate/", "POST", "owner"),
    ("accounts/signup/", "GET", "owner"),
    ("accounts/signup/", "POST", "owner"),
    ("accounts/two-factor/authentication/", "GET", "owner"),
    ("accounts/two-factor/authentication/", "POST", "owner"),
    ("admin/logout/", "POST", "superuser"),
    ("notices/dismissals/", "POST", "anonymous"),
    ("notices/dismissals/", "POST", "owner"),
    ("settings/theme/", "POST", "anonymous"),
    ("settings/theme/", "POST", "owner"),
}
# Pages that link to it instead.
LINKED = {("billing/checkout-sessions/", "POST", "owner")}
FORMS = [
    "https://evil.example/",
    "http://evil.example",
    "HTTPS://EVIL.EXAMPLE/",
    "hTtP://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example/",
    "/\\evil.example/",
    "\\/evil.example/",
    "\\\\evil.example/",
    "/\\/evil.example/",
    "\\/\\/evil.example/",
    "/\\\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "http:/\\evil.example",
    "://evil.example",
    ":evil.example",
    " //evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "//\tevil.example",
    "ht\ntps://evil.example",
    "\x0b//evil.example",
    "\x0c//evil.example",
    "\x01//evil.example",
    "\x1f/\x1f/evil.example",
    "\u00a0//evil.example",
    "\u200b//evil.example",
    "\ufeff//evil.example",
    "//evil\u3002example/",
    "//evil\uff0eexample/",
    "\uff0f\uff0fevil.example",
    "//\u2044evil.example",
    "https://localhost@evil.example/",
    "https://localhost:80@evil.example/",
    "https://localhost:pass@evil.example/",
    "//localhost@evil.example/",
    "//localhost%40evil.example@evil.example",
    "https://localhost.evil.example/",
    "https://localhostevil.example/",
    "//localhost.evil.example",
    "https://evil.example./",
    "//evil.example.:80/",
    "https://evil.example#localhost",
    "https://evil.example?localhost",
    "https://evil.example;localhost/",
    "https://evil.example\\@localhost/",
    "https://evil.example%00.localhost/",
    "https://[2001:db8::1]/evil.example",
    "//[::ffff:192.0.2.1]/evil.example",
    "https://[evil.example",
    "//192.0.2.1/evil.example",
    "//0xc0000201/evil.example",
    "%2f%2fevil.example",
    "/%09/evil.example",
    "/%5cevil.example",
    "%68ttps://evil.example",
    "/accounts/login/?next=//evil.example/",
    "javascript:alert('evil.example')",
    "JaVaScRiPt:alert('evil.example')",
    "java\tscript:alert('evil.example')",
    " javascript:alert('evil.example')",
    "javascript://localhost/%0aalert('evil.example')",
    "data:text/html,evil.example",
    "vbscript:evil.example",
    "ftp://evil.example/",
    "mailto:evil@evil.example",
    "blob:https://evil.example/1",
    "file:///evil.example",
]
LINKS = re.compile(r"""\b(?:href|action|formaction|src|content|hx-get|hx-post|data-url)=["']([^"']*)["']""")


def ways() -> Iterator[tuple[str, str, Rule, Asker]]:
    """Yield every method of the product's addresses and of the acts of staff, with who may have a reason to ask it."""
    for rows, askers in ((ROWS, [ANONYMOUS, OWNER]), (ACTS, [ANONYMOUS, SUPERUSER])):
        for route, methods in rows.items():
            for method, rule in methods.items():
                yield from ((route, method, rule, asker) for asker in askers if not rule.is_api)


def answer_to(world: World, route: str, method: str, asker: Asker, *, wanted: str, names: list[str]) -> Answer:
    """Ask an address to lead to `wanted`, by every name, in its query and in what is sent."""
    rule = (ROWS | ACTS)[route][method]
    member = world.people["member"].email
    data = {name: value.replace("{member}", member) for name, value in (VALID.get(route) or rule.data).items()}
    query = "&".join(filter(None, [rule.query, urlencode(dict.fromkeys(names, wanted))]))
    return ask(world, asker, route, method, replace(rule, query=query, data=data | dict.fromkeys(names, wanted)))


def test_every_place_that_leads_on_is_listed(world):
    found, linked = set(), set()
    for route, method, _rule, asker in ways():
        answer = answer_to(world, route, method, asker, wanted=PROBE, names=NAMES)
        if urlsplit(answer.location).path == PROBE:
            found.add((route, method, asker.name))
        if PROBE in LINKS.findall(answer.body):
            linked.add((route, method, asker.name))

    assert found == PLACES
    assert linked == LINKED


# GET and POST of an address end in the same lines.
ONCE = {(route, name): method for route, method, name in sorted(PLACES | LINKED)}


@pytest.mark.parametrize(("route", "name"), ONCE)
def test_no_form_of_an_address_leads_away(world, route, name):
    method, asker = ONCE[route, name], BY_NAME[name]

    answers = {form: answer_to(world, route, method, asker, wanted=form, names=["next"]) for form in FORMS}

    assert {form: one.location for form, one in answers.items() if leads_away(one.location)} == {}
    assert {form: away for form, one in answers.items() if (away := links_away(one.body))} == {}


def test_sixty_forms_are_tried():
    assert len(set(FORMS)) >= 60


def leads_away(location: str) -> bool:
    """Tell whether a browser on our site that follows an address would leave it, as lenient browsers read addresses."""
    seen = re.sub(r"[\t\r\n]", "", location.strip("".join(map(chr, range(33))))).replace("\\", "/")
    parts = urlsplit(re.sub(r"^/{2,}", "//", seen))
    if parts.scheme and parts.scheme not in {"http", "https"}:
        return True
    if (parts.scheme or parts.netloc) and parts.hostname != HOST:
        return True
    return urlsplit(urljoin(f"{SITE}/accounts/", seen)).hostname != HOST


def links_away(body: str) -> list[str]:
    """Return the links of a page that lead to where the address wanted them to lead."""
    return [link for link in LINKS.findall(body) if EVIL in link and leads_away(link.replace("&amp;", "&"))]


def test_the_door_of_staff_hands_what_it_is_told_to_the_login_alone(world):
    answer = answer_to(world, "admin/login/", "GET", ANONYMOUS, wanted=f"//{EVIL}/", names=["next"])

    assert urlsplit(answer.location)[:3] == ("", "", "/accounts/login/")
