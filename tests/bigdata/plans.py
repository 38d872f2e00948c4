"""What PostgreSQL does for the statements that a piece of code sends: plans, and the shared buffers they touch."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

SCOPE = re.compile(r"set_config\('keel\.scope', '([^']*)'")
NO_PLAN = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET", "EXPLAIN", "DECLARE", "FETCH", "LOCK")


class Plan(NamedTuple):
    """A statement, the tables it reads from end to end, and the shared buffers it touched (0 for what writes)."""

    sql: str
    scanned: frozenset[str]
    buffers: int


def plans_of(act: Callable[[], object]) -> list[Plan]:
    """Run something, then explain what it has sent, each statement in the scope that it was sent in."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [_explain(sql, scope=scope) for sql, scope in _with_scopes([query["sql"] for query in captured])]


def _with_scopes(statements: list[str]) -> Iterator[tuple[str, str]]:
    scope = "system"
    for sql in statements:
        entered = SCOPE.search(sql)
        if entered:
            scope = entered[1]
        elif not sql.lstrip().upper().startswith(NO_PLAN):
            yield sql, scope


def _explain(sql: str, *, scope: str) -> Plan:
    """Explain a statement; what only reads is also run."""
    reads = sql.lstrip().upper().startswith("SELECT") and not re.search(r"FOR (NO KEY )?UPDATE|ledger_|nextval", sql)
    options = "ANALYZE, BUFFERS, FORMAT JSON" if reads else "FORMAT JSON"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('keel.scope', %s, true)", [scope])
        as_it_is = _root(cursor, f"EXPLAIN ({options}) {sql}")
        # Fetching a page out of turn costs little more than the next one: as on the disks of today.
        cursor.execute("SELECT set_config('random_page_cost', '1.1', true)")
        scanned = frozenset(_scanned(_root(cursor, f"EXPLAIN ({options}) {sql}")))
        transaction.set_rollback(True)
    return Plan(sql, scanned, as_it_is.get("Shared Hit Blocks", 0) + as_it_is.get("Shared Read Blocks", 0))


def _root(cursor: Any, sql: str) -> dict[str, Any]:
    cursor.execute(sql, None)
    [(found,)] = cursor.fetchall()
    plans = json.loads(found) if isinstance(found, str) else found
    root: dict[str, Any] = plans[0]["Plan"]
    return root


def _scanned(node: dict[str, Any], *, is_limited: bool = False) -> Iterator[str]:
    """Yield the tables that are read from end to end: a scan that a LIMIT ends is none, unless it looks for rows."""
    looks_for_rows = "Filter" in node and node.get("Rows Removed by Filter", 1) > 0
    if node["Node Type"] == "Seq Scan" and (looks_for_rows or not is_limited):
        yield node["Relation Name"]
    # Rows go straight through these, so a limit above them ends the scan.
    passes_on = node["Node Type"] in {"Limit", "Subquery Scan", "LockRows", "Result"}
    is_limited = passes_on and (is_limited or node["Node Type"] == "Limit")
    for child in node.get("Plans", []):
        yield from _scanned(child, is_limited=is_limited)
