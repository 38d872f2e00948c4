"""The notation of the matrix: each method of an address names its rule, and the cells of all askers follow from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.accounts import permissions
from apps.accounts.permissions import Permission
from tests.access.askers import Asker

# What a cell may be: let in, or one of the refusals.
IN, LOGIN, UNAUTHORIZED, FORBIDDEN, ABSENT = "in", "login", "401", "403", "404"
# Where who is not logged in is sent.
LOGIN_PAGES = ("/accounts/login/", "/admin/login/")
# What a form or a page answers to those whom it lets in, unless the row says otherwise.
READ = frozenset({200})
WRITTEN = frozenset({200, 201, 202, 204, 302, 303, 409, 422})

Cells = Callable[[Asker], str]


@dataclass(frozen=True)
class Rule:
    """Who is let in by one method of one address.

    `ok` are the statuses of those who are; `query` and `data` are sent, with the ids of the team filled in; `but` names
    cells that do not follow from the rule, with the reason in `why`. An outcome is one of the above, or a status.
    """

    cells: Cells
    ok: frozenset[int] = frozenset()
    query: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    but: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    # What its entitled caller sends and gets goes to a program: JSON, and 401 instead of a page.
    is_api: bool = False

    def outcome(self, asker: Asker) -> str:
        """Return what this asker is to get."""
        return self.but.get(asker.name) or self.cells(asker)


def public(why: str, **more: Any) -> Rule:
    """Anybody at all, because ..."""
    return Rule(lambda asker: IN, why=why, **_known({"ok": {200, 302}} | more))


def logged_in(**more: Any) -> Rule:
    """Whoever is logged in: it is about themselves, or about the workspace that they are in."""
    return Rule(lambda asker: IN if _has_session(asker) else LOGIN, **_known(more))


def may(permission: Permission, **more: Any) -> Rule:
    """Whoever may do this in their own workspace; strangers have one of their own, and never reach the team's."""
    return Rule(_after_login(lambda asker: _in_own(asker, permission)), **_known(more))


def of_team(permission: Permission | None, **more: Any) -> Rule:
    """An object of the team: there for its members, if their role may do this (None: any role), and for nobody else."""

    def cells(asker: Asker) -> str:
        return _in_own(asker, permission) if asker.role else ABSENT

    return Rule(_after_login(cells), **_known(more))


def of_owner(**more: Any) -> Rule:
    """Something of the owner's own, that not even their team has."""
    return Rule(_after_login(lambda asker: IN if asker.role == "owner" else ABSENT), **_known(more))


def of_nobody(**more: Any) -> Rule:
    """Nothing that is there for any of the askers."""
    return Rule(_after_login(lambda asker: ABSENT), **_known(more))


def staff(*roles: str, **more: Any) -> Rule:
    """These roles among staff, and superusers unless `but` says otherwise; "" is staff without a role."""

    def cells(asker: Asker) -> str:
        if asker.staff is None or asker.is_key:
            return LOGIN
        return IN if asker.staff == "superuser" or asker.staff in roles else FORBIDDEN

    return Rule(cells, **_known(more))


def key(scope: str, permission: Permission | None, *, is_of_team: bool = False, **more: Any) -> Rule:
    """An operation of the API: a key with the scope, or somebody at our own pages whose role may do this."""

    def cells(asker: Asker) -> str:
        if not asker.is_known:
            return UNAUTHORIZED
        if asker.is_key and scope not in (asker.scopes or ()):
            return FORBIDDEN
        return ABSENT if is_of_team and not asker.role else _in_own(asker, permission)

    return Rule(cells, is_api=True, **_known(more))


def _after_login(cells: Cells) -> Cells:
    return lambda asker: cells(asker) if _has_session(asker) else LOGIN


def _has_session(asker: Asker) -> bool:
    return asker.is_known and not asker.is_key


def _in_own(asker: Asker, permission: Permission | None) -> str:
    """Whoever is not in the team owns a workspace of their own."""
    role = asker.role or "owner"
    return IN if permission is None or permissions.allows(role, permission) else FORBIDDEN


def _known(more: dict[str, Any]) -> dict[str, Any]:
    return more | ({"ok": frozenset(more["ok"])} if "ok" in more else {})
