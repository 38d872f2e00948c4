"""The registry through which accounts exports and erases a person's data without knowing the apps above it."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model, QuerySet

from apps.core.db import system_scope

Row = TypeVar("Row", bound=Model)


class Document(NamedTuple):
    """A text that is worth reading by itself, for example what was generated: its path in the file, and its words."""

    path: str
    text: str


class PersonalData(NamedTuple):
    """How one app hands out and erases what it knows about a user.

    `export` returns what it knows, within a scope; what is long it returns as an iterator, which reads in batches,
    each in a scope of its own. `list_documents` yields the same way. `erase` opens its own scopes, so that it can
    talk to others in between; it is called again after it was cut off anywhere, and does then what is left.
    `require_erasable` raises a DomainError while something has to be done before.
    """

    export: Callable[[AbstractBaseUser], dict[str, Any]]
    erase: Callable[[AbstractBaseUser], None]
    list_documents: Callable[[AbstractBaseUser], Iterator[Document]] | None = None
    require_erasable: Callable[[AbstractBaseUser], None] | None = None


_registry: dict[str, PersonalData] = {}


def register(app_label: str, personal_data: PersonalData) -> None:
    """Register an app's export and erase; called once from its AppConfig.ready()."""
    _registry[app_label] = personal_data


def export_user(user: AbstractBaseUser) -> dict[str, dict[str, Any]]:
    """Return everything that every app knows about a user, by app label, all of it in memory."""
    return {label: {key: _whole(value) for key, value in known.items()} for label, known in stream_export(user)}


def stream_export(user: AbstractBaseUser) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what each app knows about a user; values that are iterators are read as they are written."""
    for label, personal_data in _registry.items():
        with system_scope():
            known = personal_data.export(user)
        yield label, known


def list_documents(user: AbstractBaseUser) -> Iterator[Document]:
    """Yield the texts of a user that are worth reading by themselves, from every app."""
    for personal_data in _registry.values():
        if personal_data.list_documents is not None:
            yield from personal_data.list_documents(user)


def in_batches(rows: QuerySet[Row], *, size: int = 200) -> Iterator[Row]:
    """Yield rows by their primary key, the oldest first; each batch in a scope of its own, so that none is long."""
    after: Any = None
    while True:
        with system_scope():
            batch = list((rows if after is None else rows.filter(pk__gt=after)).order_by("pk")[:size])
        yield from batch
        if len(batch) < size:
            return
        after = batch[-1].pk


def require_erasable(user: AbstractBaseUser) -> None:
    """Raise the first refusal of any app, if there is one. Within a scope."""
    for personal_data in _registry.values():
        if personal_data.require_erasable is not None:
            personal_data.require_erasable(user)


def erase_user(user: AbstractBaseUser) -> None:
    """Erase or make anonymous what every app knows about a user; money rows keep no personal data and stay.

    Outside of a transaction: each app keeps its own, and accounts, which knows the addresses, comes last. Whoever was
    cut off calls it again. Raises what `require_erasable` does.
    """
    with system_scope():
        require_erasable(user)
    for personal_data in _registry.values():
        personal_data.erase(user)


def _whole(value: Any) -> Any:
    return list(value) if isinstance(value, Iterator) else value
