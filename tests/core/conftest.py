"""What the tests of core share."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.core.logging import logging_config


@pytest.fixture
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The log lines written during a test, as production would write them."""
    written: list[str] = []
    formatter = logging_config(json=True)["formatters"]["line"]
    handler = logging.Handler()
    handler.setFormatter(formatter["()"](**{key: value for key, value in formatter.items() if key != "()"}))
    handler.emit = lambda record: written.append(handler.format(record))  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in written]
    logging.getLogger().removeHandler(handler)
