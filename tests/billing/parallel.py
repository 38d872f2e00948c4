"""Acts at the same time: in threads, each with its own connection, and in processes."""

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import django
from django.db import connection, connections

THREADS = 16


def in_threads(acts: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run all acts, as many at the same time as there are threads; return their answers or errors in order."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(_answer, acts))


def process_pool(processes: int) -> ProcessPoolExecutor:
    """Return a pool of new processes that share the test database."""
    return ProcessPoolExecutor(
        processes,
        mp_context=get_context("spawn"),
        initializer=prepare_process,
        initargs=(connection.settings_dict["NAME"],),
    )


def prepare_process(database_name: str) -> None:
    """Make a new process ready for the test database. Models can be imported only after this."""
    django.setup()
    connections["default"].settings_dict["NAME"] = database_name


def _answer(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Exception as error:
        return error
    finally:
        connections.close_all()
