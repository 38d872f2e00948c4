"""Who may do what in a workspace: ONE table of roles and permissions, and the refusal of everybody else.

Whoever sees the workspace's generations sees those of everybody in it: a team works on its texts together.
"""

from enum import StrEnum

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError


class Role(models.TextChoices):
    """What somebody is in a workspace."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    MEMBER = "member", _("Member")
    BILLING = "billing", _("Billing")


class Permission(StrEnum):
    """What a role may be allowed to do."""

    GENERATE = "generate"
    SEE_GENERATIONS = "see_generations"
    SEE_MONEY = "see_money"
    BUY = "buy"
    SET_SPENDING_RULES = "set_spending_rules"
    SEE_ACTIVITY = "see_activity"
    MANAGE_MEMBERS = "manage_members"
    CHANGE_ROLES = "change_roles"
    SET_ALLOWANCES = "set_allowances"
    MANAGE_API_KEYS = "manage_api_keys"
    RENAME = "rename"
    SET_RETENTION = "set_retention"
    TRANSFER = "transfer"
    DELETE = "delete"


_TEXTS = frozenset({Permission.GENERATE, Permission.SEE_GENERATIONS})
_MONEY = frozenset({Permission.SEE_MONEY, Permission.BUY, Permission.SET_SPENDING_RULES})
_PEOPLE = frozenset(
    {
        Permission.SEE_ACTIVITY,
        Permission.MANAGE_MEMBERS,
        Permission.CHANGE_ROLES,
        Permission.SET_ALLOWANCES,
        Permission.MANAGE_API_KEYS,
    }
)
TABLE: dict[str, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMIN: _TEXTS | _MONEY | _PEOPLE,
    Role.MEMBER: _TEXTS,
    Role.BILLING: _MONEY,
}
# What each role means, for people; the members page says it.
DESCRIPTIONS: dict[str, str | Promise] = {
    Role.OWNER: _("Everything, including renaming, handing over and deleting the workspace."),
    Role.ADMIN: _("Generates, sees everybody's generations, manages people, and pays."),
    Role.MEMBER: _("Generates, and sees everybody's generations in this workspace."),
    Role.BILLING: _("Pays and sees invoices. No generations."),
}
_ACTS: dict[Permission, str | Promise] = {
    Permission.GENERATE: _("generate"),
    Permission.SEE_GENERATIONS: _("see its generations"),
    Permission.SEE_MONEY: _("see what was paid"),
    Permission.BUY: _("buy or change its plan"),
    Permission.SET_SPENDING_RULES: _("change its spending rules"),
    Permission.SEE_ACTIVITY: _("see who did what"),
    Permission.MANAGE_MEMBERS: _("invite and remove people"),
    Permission.CHANGE_ROLES: _("change roles"),
    Permission.SET_ALLOWANCES: _("set what somebody may use"),
    Permission.MANAGE_API_KEYS: _("manage its API keys"),
    Permission.RENAME: _("change its name"),
    Permission.SET_RETENTION: _("set how long texts are kept"),
    Permission.TRANSFER: _("hand it over"),
    Permission.DELETE: _("delete it"),
}
_GROUPS: dict[frozenset[str], str | Promise] = {
    frozenset({Role.OWNER}): _("an owner"),
    frozenset({Role.OWNER, Role.ADMIN}): _("owners and admins"),
    frozenset({Role.OWNER, Role.ADMIN, Role.MEMBER}): _("owners, admins and members"),
    frozenset({Role.OWNER, Role.ADMIN, Role.BILLING}): _("owners, admins and billing people"),
}


class NotPermittedError(DomainError):
    """The person's role does not allow this; the sentence names who can do it."""

    code = "not_permitted"
    status = 403

    def __init__(self, permission: Permission) -> None:
        known = {"who": _GROUPS[roles_with(permission)], "act": _ACTS[permission]}
        super().__init__(_("Only %(who)s of this workspace can %(act)s. Ask one of them.") % known)
        self.permission = permission


def allows(role: str, permission: Permission) -> bool:
    """Tell whether a role may do something."""
    return permission in TABLE[role]


def roles_with(permission: Permission) -> frozenset[str]:
    """Return the roles that may do something."""
    return frozenset(role for role, allowed in TABLE.items() if permission in allowed)
