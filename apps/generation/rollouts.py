"""Who is offered what while it is rolled out gradually: a flag of this name stands for a template or a model.

    rollout:template:SLUG   rollout:model:NAME

What has no flag is offered to everybody. A flag says whom: everybody or nobody, staff, people and groups by name, and a
percentage of people, always the same ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from apps.accounts.models import User
from apps.generation import shown_cache
from apps.generation.catalogue import UnknownModelError
from apps.generation.models import Flag
from apps.generation.prompts import PromptTemplate, UnknownTemplateError

TEMPLATE, MODEL = "rollout:template:", "rollout:model:"
FIELDS = ["name", "everyone", "percent", "authenticated", "staff", "superusers"]


@dataclass(frozen=True)
class Withheld:
    """What a person is not offered yet: the names of flags."""

    names: frozenset[str] = frozenset()

    def templates(self, templates: Sequence[PromptTemplate]) -> list[PromptTemplate]:
        """Return those that the person is offered."""
        return [template for template in templates if TEMPLATE + template.slug not in self.names]

    def models(self, models: Sequence[str]) -> list[str]:
        """Return those that the person is offered."""
        return [model for model in models if MODEL + model not in self.names]


NOTHING = Withheld()


def read_withheld(user: User) -> Withheld:
    """Return what a person is not offered yet, for a page. No query as a rule; one where a flag names groups."""
    return Withheld(_withheld(user, shown_cache.read(Flag.SHOWN_AS, _load)))


def require_offered(user: User, *, template: str, model: str) -> None:
    """Refuse what a person is not offered yet, as the database says now; one query where nothing is rolled out.

    Raises UnknownTemplateError or UnknownModelError.
    """
    withheld = _withheld(user, _load())
    if TEMPLATE + template in withheld:
        raise UnknownTemplateError
    if MODEL + model in withheld:
        raise UnknownModelError


def _load() -> list[dict[str, Any]]:
    flags = Flag.objects.filter(name__startswith="rollout:").prefetch_related("users", "groups")
    return [
        {name: getattr(flag, name) for name in FIELDS}
        | {"users": [user.pk for user in flag.users.all()], "groups": [group.pk for group in flag.groups.all()]}
        for flag in flags
    ]


def _withheld(user: User, flags: Iterable[dict[str, Any]]) -> frozenset[str]:
    return frozenset(flag["name"] for flag in flags if not _is_offered(flag, user))


def _is_offered(known: dict[str, Any], user: User) -> bool:
    """As `Flag.is_active_for_user` has it, from what is kept."""
    flag = Flag(**{name: known[name] for name in FIELDS})
    if flag.everyone is not None:
        return bool(flag.everyone)
    is_of_kind = flag.authenticated or (flag.staff and user.is_staff) or (flag.superusers and user.is_superuser)
    if is_of_kind or user.pk in known["users"] or flag.has_in_percent(user.pk):
        return True
    return bool(known["groups"]) and user.groups.filter(pk__in=known["groups"]).exists()
