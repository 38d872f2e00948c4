"""Every address of Django, asked by everybody: who is let in is what the rows say, and nobody is told anything else."""

from collections import defaultdict
from zlib import crc32

import pytest

from tests.access.askers import (
    ANONYMOUS,
    AT_THE_API,
    EVERYWHERE,
    KEY,
    MARKS,
    NOBODY,
    OWNER,
    STAFF,
    STRANGER,
    STRANGERS,
    TEAM,
    Asker,
    Mark,
)
from tests.access.asking import Answer, ask
from tests.access.routes import METHODS, ROUTES, views
from tests.access.rows import ROWS
from tests.access.rules import ABSENT, FORBIDDEN, IN, LOGIN, LOGIN_PAGES, READ, UNAUTHORIZED, WRITTEN, Rule
from tests.access.staff_rows import ACTS, READERS, STAFF_ROWS

# Thousands of requests, also where a machine is busy.
pytestmark = pytest.mark.timeout(600)
ALL_ROWS = ROWS | STAFF_ROWS
HOW = "one line in tests/access/rows.py (staff's in staff_rows.py) says who is let in by each of its methods"
# Django's and allauth's own pages take any method as they take a GET or a POST.
TAKE_ANY_METHOD = ("accounts/", "admin/")
# Answered before anybody looks at the request.
PROBES = {"healthz", "readyz"}
STATUSES = {UNAUTHORIZED: 401, FORBIDDEN: 403, ABSENT: 404}


def test_every_address_has_a_row():
    assert set(ROUTES) - ALL_ROWS.keys() == set(), HOW


def test_every_row_has_an_address():
    assert ALL_ROWS.keys() - set(ROUTES) == set()


def test_every_exception_has_a_reason():
    assert [route for route, ways in ALL_ROWS.items() for rule in ways.values() if rule.but and not rule.why] == []


def test_there_is_something_of_everything_that_staff_may_open(world):
    assert world.rows.keys() == READERS.keys(), "tests/access/world.py makes one row of each model in the admin"


def test_the_rows_of_the_api_name_every_operation():
    operations = {route: view.cls for route, view in views() if hasattr(view, "cls")}

    for route, view in operations.items():
        taken = {method for method in METHODS if hasattr(view, method.lower())}
        assert ALL_ROWS[route].keys() == taken == view.scopes.keys(), route
        assert all(rule.is_api for rule in ALL_ROWS[route].values()), route


@pytest.mark.parametrize("by_everybody", [False, pytest.param(True, marks=pytest.mark.long)])
def test_every_cell_is_what_its_row_says(world, by_everybody):
    wrong, seen = [], defaultdict(set)
    for route, ways in ALL_ROWS.items():
        for method, rule in ways.items():
            for asker in AT_THE_API if by_everybody else askers_at(route, method, rule):
                answer = ask(world, asker, route, method, rule)
                wrong += [f"{method} /{route} by {asker}: {fault}" for fault in faults(answer, rule, asker, method)]
                seen[asker] |= answer.marks

    assert not wrong, "\n".join(wrong)
    # Each mark was there to be seen, and by those who may: else the rows above would prove nothing.
    assert set().union(*seen.values()) == MARKS - {Mark.SECRET}
    assert not by_everybody or {asker.name: seen[asker] for asker in seen} == {one.name: one.sees for one in seen}


def test_a_method_that_no_row_names_lets_nobody_in(world):
    wrong = []
    for route, ways in ALL_ROWS.items():
        for method in unnamed_at(route, ways):
            stands_for = next(iter(ways.values()))
            way = Rule(stands_for.cells, is_api=stands_for.is_api)
            wrong += [
                f"{method} /{route} by {asker}: {answer.status}"
                for asker in ([ANONYMOUS] if route.startswith(TAKE_ANY_METHOD) else [ANONYMOUS, OWNER])
                if not is_turned_away(answer := ask(world, asker, route, method, way), route, way)
            ]

    assert not wrong, "\n".join(wrong)


def unnamed_at(route: str, ways: dict[str, Rule]) -> list[str]:
    """Return methods that are not in a row: of the API all, of pages some, by turns."""
    unnamed = [method for method in METHODS if method not in ways]
    return unnamed if route.startswith("api/") else unnamed[crc32(route.encode()) % len(unnamed) :][:2]


def is_turned_away(answer: Answer, route: str, way: Rule) -> bool:
    """Tell whether a method that is not in the table came to nothing: 405, or a refusal as by the methods that are."""
    if answer.status == 405 or route in PROBES:
        return True
    if is_public(way):
        return route.startswith(TAKE_ANY_METHOD) and answer.status < 500
    return any(fits(answer, refusal, way, "") for refusal in (LOGIN, UNAUTHORIZED, FORBIDDEN, ABSENT))


def askers_at(route: str, method: str, rule: Rule) -> list[Asker]:
    """Return who asks in the normal run. Those who are alike at an address take turns; the long run has them all.

    Alike are all who are not staff at the admin's gate, and all strangers where there is no object of the team; staff
    at a page, and beyond a list of the admin those of them who are refused; anybody where everybody may come.
    """
    turn = crc32(f"{method} {route}".encode())

    def one_of(alike: list[Asker]) -> list[Asker]:
        return [alike[turn % len(alike)]]

    if rule.is_api:
        return AT_THE_API
    if route.startswith("admin/"):
        gate = one_of([one for one in EVERYWHERE if one not in STAFF]) if method == first_of(route) else []
        if ("<" not in route and method == "GET") or route in ACTS:
            return gate + STAFF
        refused = [one for one in STAFF if rule.outcome(one) == FORBIDDEN]
        return gate + one_of(refused or STAFF)
    if is_public(rule):
        return [ANONYMOUS, *one_of(EVERYWHERE[1:])]
    team = TEAM if method == "GET" else one_of_each(TEAM, rule, turn)
    strangers = STRANGERS if rule.outcome(STRANGER) == ABSENT else one_of(STRANGERS)
    return [*one_of(NOBODY), *team, *strangers, *one_of(STAFF), KEY]


def first_of(route: str) -> str:
    return next(iter(ALL_ROWS[route]))


def one_of_each(askers: list[Asker], rule: Rule, turn: int) -> list[Asker]:
    """Return one of those with each outcome."""
    by_outcome = defaultdict(list)
    for asker in askers:
        by_outcome[rule.outcome(asker)].append(asker)
    return [alike[turn % len(alike)] for alike in by_outcome.values()]


def faults(answer: Answer, rule: Rule, asker: Asker, method: str) -> list[str]:
    """Return what is wrong with a cell."""
    expected, found = rule.outcome(asker), []
    is_refused = expected in {LOGIN, UNAUTHORIZED, FORBIDDEN, ABSENT}
    if not fits(answer, expected, rule, method):
        found.append(f"{answer.status} {answer.location} and not {expected}")
    if told := answer.marks - asker.sees:
        found.append(f"is told {', '.join(sorted(told))}")
    if is_refused and answer.written:
        found.append(f"is refused, and writes to {', '.join(sorted(answer.written))}")
    if is_refused and answer.is_streaming:
        found.append("is refused, and gets a stream")
    return found


def fits(answer: Answer, expected: str, rule: Rule, method: str) -> bool:
    """Tell whether an answer is the one that is expected."""
    to_login = answer.status == 302 and answer.location.startswith(LOGIN_PAGES)
    if expected == LOGIN:
        return to_login
    if expected == IN:
        allowed = rule.ok or (READ if method == "GET" else WRITTEN)
        return answer.status in allowed and (not to_login or is_public(rule))
    return answer.status == STATUSES.get(expected, int(expected) if expected.isdigit() else 0)


def is_public(rule: Rule) -> bool:
    return rule.cells(ANONYMOUS) == IN
