"""Whatever changes something wants the token that only our own pages know; who needs none is listed here."""

from tests.access.askers import KEY, OWNER, SUPERUSER
from tests.access.asking import ask, caller
from tests.access.routes import views
from tests.access.rows import ROWS
from tests.access.staff_rows import STAFF_ROWS

# Views that Django's own check leaves alone, and why.
EXEMPT = {
    "webhooks/stripe/": "no browser sends it, and each delivery is signed",
    "api/v1/generations/": "checked as soon as a session asks; no browser adds the header of a key",
    "api/v1/generations/<uuid:generation_id>/": "as above",
    "api/v1/generations/<uuid:generation_id>/cancellation/": "as above",
    "api/v1/balance/": "as above",
}
NOT_CHECKED = {"webhooks/stripe/"}
REFUSED = ("csrf_failed", "This form has expired")


def test_only_listed_views_are_exempt():
    exempt = {route for route, view in views() if getattr(view, "csrf_exempt", False)}

    assert exempt == EXEMPT.keys()


def test_nothing_is_changed_without_the_token(world):
    accepted = [
        f"{method} /{route}: {answer.status}"
        for rows, asker in ((ROWS, OWNER), (STAFF_ROWS, SUPERUSER))
        for route, ways in rows.items()
        for method, rule in ways.items()
        if method != "GET" and route not in NOT_CHECKED
        if not is_refused(answer := send(world, asker, route, method, rule))
    ]

    assert not accepted, "\n".join(accepted)


def test_a_key_needs_no_token(world):
    api = [(route, method, rule) for route, ways in ROWS.items() for method, rule in ways.items() if rule.is_api]

    for route, method, rule in api:
        assert send(world, KEY, route, method, rule).status in {200, 201, 202, 402}, route


def send(world, asker, route, method, rule):
    return ask(world, asker, route, method, rule, client=caller(world, asker, enforce_csrf_checks=True))


def is_refused(answer) -> bool:
    return answer.status == 403 and not answer.written and any(text in answer.body for text in REFUSED)
