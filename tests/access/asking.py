"""Asking one method of one address as somebody; whatever it has done is taken back afterwards."""

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from ipaddress import IPv4Address
from typing import Any

from django.db import connection, transaction
from django.http.response import HttpResponseBase
from django.test import Client

from apps.core.row_security import condition_of
from tests.access.askers import MARKS, Asker
from tests.access.routes import fill
from tests.access.rules import Rule
from tests.access.world import HOST, World
from tests.guards.catalogue import ALL_MODELS

WALLED = {model._meta.db_table for model in ALL_MODELS if condition_of(model)}
WRITES = ("INSERT", "UPDATE", "DELETE")
LEDGER = re.compile(r"\bledger_[a-z_]+\(")


@dataclass(frozen=True)
class Answer:
    """What somebody got: the marks in it, and the tables of workspaces that were written to for it."""

    status: int
    location: str
    marks: frozenset[str]
    written: frozenset[str]
    is_streaming: bool
    body: str


class Caller(Client):
    """Django's test client without its memory: no cookies but the login, and no copies of contexts."""

    def request(self, **request: Any) -> Any:
        """Send a request from an address that nobody has counted yet."""
        address = str(IPv4Address(random.randint(2**24, 2**32 - 2**28)))
        return self.handler(self._base_environ(**({"REMOTE_ADDR": address} | request)))


def ask(
    world: World,
    asker: Asker,
    route: str,
    method: str,
    rule: Rule,
    *,
    client: Caller | None = None,
    afterwards: Callable[[], None] = lambda: None,
) -> Answer:
    """Ask as somebody, with the ids that they know, and look around afterwards; nothing that happened stays."""
    ids, client = world.ids_of(asker), client or caller(world, asker)
    address = fill(route, _known(world, route, ids)) + ("?" + _filled(rule.query, ids) if rule.query else "")
    sent = {name: _filled(value, ids) for name, value in rule.data.items()}
    written: set[str] = set()
    with transaction.atomic():
        with connection.execute_wrapper(_noting(written)):
            response = _send(client, world, asker, address, method, sent, rule)
            answer = _read(response, frozenset(written))
        afterwards()
        transaction.set_rollback(True)
    return answer


def caller(world: World, asker: Asker, *, enforce_csrf_checks: bool = False) -> Caller:
    """Return a browser of somebody that nothing which it is told changes; made once, as its middleware is."""
    known: Caller | None = world.callers.get((asker.name, enforce_csrf_checks))
    if known is None:
        known = Caller(SERVER_NAME=HOST, enforce_csrf_checks=enforce_csrf_checks)
        cookies = {} if asker.is_key else world.browsers[asker.name].cookies
        known.cookies = SimpleCookie({name: morsel.value for name, morsel in cookies.items()})
        world.callers[asker.name, enforce_csrf_checks] = known
    return known


def _send(
    client: Caller, world: World, asker: Asker, address: str, method: str, sent: Mapping[str, Any], rule: Rule
) -> HttpResponseBase:
    headers = {"authorization": f"Bearer {world.tokens[asker.name]}"} if asker.is_key else {}
    if rule.is_api:
        headers["idempotency-key"] = "matrix"
        return client.generic(method, address, json.dumps(sent), "application/json", headers=headers)
    if method == "POST":
        return client.post(address, sent, headers=headers)
    return client.generic(method, address, headers=headers)


def _read(response: HttpResponseBase, written: frozenset[str]) -> Answer:
    body = b"" if response.streaming else response.content
    told = body.decode(errors="replace") + str(response.headers) + str(response.cookies)
    return Answer(
        status=response.status_code,
        location=response.headers.get("Location", ""),
        marks=frozenset(mark for mark in MARKS if mark in told.lower()),
        written=written,
        is_streaming=response.streaming,
        body=told,
    )


def _known(world: World, route: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Return the ids of a route's parameters: some names mean something else in another place."""
    known = dict(ids)
    if route.startswith("settings/sessions/"):
        known["session_id"] = ids["login_session_id"]
    if route.startswith("admin/") and "object_id" in route:
        label = ".".join(route.split("/")[1:3])
        known["object_id"] = str(world.rows[label].pk) if label in world.rows else ids["generation_id"]
    return known


def _filled(text: Any, ids: Mapping[str, str]) -> Any:
    """Fill in the ids, also into the texts of what is nested."""
    if isinstance(text, dict):
        return {name: _filled(value, ids) for name, value in text.items()}
    return text.format_map(ids) if isinstance(text, str) else text


def _noting(written: set[str]) -> Any:
    """Note the tables of workspaces in which a statement has changed a row."""

    def note(execute: Any, sql: Any, parameters: Any, many: bool, context: Any) -> Any:
        result, text = execute(sql, parameters, many, context), str(sql)
        if text.startswith(WRITES) and context["cursor"].rowcount:
            written.update(table for table in WALLED if f'"{table}"' in text.split(" WHERE ")[0])
        elif LEDGER.search(text):
            written.add("the ledger")
        return result

    return note
