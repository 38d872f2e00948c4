"""What a piece of code asks the database. How a transaction begins and ends, and its scope, are no questions."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

NO_QUESTIONS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SELECT coalesce(current_setting('keel.scope'")


@contextmanager
def asked() -> Iterator[list[str]]:
    """Collect the statements that are sent within; the list is filled at the end."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found += [query["sql"] for query in captured if not query["sql"].startswith(NO_QUESTIONS)]


@contextmanager
def asks_at_most(number: int) -> Iterator[None]:
    """Fail if more statements are sent within."""
    with asked() as found:
        yield
    assert len(found) <= number, "\n".join(found)
