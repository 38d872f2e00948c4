"""A model server of the tests' own, in a process of its own."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.dev.model_server.listening import PATIENCE_SECONDS, is_alive, wait_until

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dev.model_server", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: is_alive(address))
    yield address
    process.terminate()
    process.wait(timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any-key", max_retries=0, timeout=PATIENCE_SECONDS) as client:
        yield client
