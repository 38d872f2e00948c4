"""The registry through which accounts exports and erases a person's data without knowing the apps above it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser

from apps.core.db import system_scope


class PersonalData(NamedTuple):
    """How one app hands out and erases what it knows about a user."""

    export: Callable[[AbstractBaseUser], dict[str, Any]]
    erase: Callable[[AbstractBaseUser], None]


_registry: dict[str, PersonalData] = {}


def register(app_label: str, personal_data: PersonalData) -> None:
    """Register an app's export and erase; called once from its AppConfig.ready()."""
    _registry[app_label] = personal_data


def export_user(user: AbstractBaseUser) -> dict[str, dict[str, Any]]:
    """Return everything that every app knows about a user, by app label."""
    with system_scope():
        return {label: personal_data.export(user) for label, personal_data in _registry.items()}


def erase_user(user: AbstractBaseUser) -> None:
    """Erase or make anonymous what every app knows about a user; money rows keep no personal data and stay."""
    with system_scope():
        for personal_data in _registry.values():
            personal_data.erase(user)
