"""Where the current request comes from, and who really makes it: beside its id, for whatever is written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Origin(NamedTuple):
    """The caller's address, and who acts in somebody else's name (as "user:<id>"); empty outside of any request."""

    address: str = ""
    impersonator: str = ""


NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


def current_origin() -> Origin:
    """Return where the current request comes from."""
    return _current.get()


@contextmanager
def origin(*, address: str) -> Iterator[None]:
    """Say for a while from which address everything is done."""
    token = _current.set(Origin(address=address))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def impersonated_by(impersonator: str) -> Iterator[None]:
    """Say for a while who really acts."""
    token = _current.set(_current.get()._replace(impersonator=impersonator))
    try:
        yield
    finally:
        _current.reset(token)
