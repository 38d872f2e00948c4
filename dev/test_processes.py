"""A plugin of pytest for dev/test.py: the suite in processes that share nothing, neither servers nor folders.

The tests of browsers stay together in one process, in their order, and so do those of faults: each share one running
product, and are the slowest, so they begin at once. The other tests go to whichever process is free, file by file.
"""

import os
from collections.abc import Generator
from pathlib import Path

import environ
import pytest
from xdist.scheduler import LoadScopeScheduling

OF_THE_WHOLE_PRODUCT = ("tests/e2e/", "tests/faults/")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Before anything reads settings, point a process at the services that dev/test.py has started for it."""
    if name := os.environ.get("PYTEST_XDIST_WORKER"):
        services_file = Path(os.environ["VAR_DIR"]).with_name(name) / "services.env"
        environ.Env.read_env(services_file, overwrite=True)
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: not item.nodeid.startswith(OF_THE_WHOLE_PRODUCT))


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Hand out files, and the tests of the whole product as if they were one."""
    return _ByFile(config, log)


class _ByFile(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        product = next((folder for folder in OF_THE_WHOLE_PRODUCT if nodeid.startswith(folder)), "")
        return product or nodeid.partition("::")[0]
