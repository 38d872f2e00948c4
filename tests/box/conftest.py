"""The image and what runs out of it, made once for all tests here; skipped in one line where it cannot be built."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.box.boxed import Boxed
from tests.box.image import Image, missing_tool


@pytest.fixture(scope="package")
def image() -> Image:
    """The image of this checkout."""
    if reason := missing_tool():
        pytest.skip(reason)
    built = Image(Path(os.environ["VAR_DIR"]) / "test" / "image")
    built.build()
    return built


@pytest.fixture(scope="package")
def boxed(image: Image) -> Iterator[Boxed]:
    """The whole product out of the image, released and ready."""
    with Boxed(image=image, var_dir=Path(os.environ["VAR_DIR"]) / "test" / "boxed") as product:
        yield product
