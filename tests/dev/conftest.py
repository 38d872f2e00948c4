"""Folders and programs for the tests of what starts everything else. None of them needs the test database."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from dev.services import Services

ROOT = Path(__file__).resolve().parents[2]

GIVEN_ADDRESSES = {"DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL", "SITE_URL"}
# For tests of processes: servers of somebody else, so that none is started. The stand-ins ask nothing of them.
SERVERS_ELSEWHERE = {"DATABASE_URL": "postgres://127.0.0.1:9/keel", "REDIS_URL": "redis://127.0.0.1:9/0"}

PROCFILE = """\
release: echo released
web: python stand_in.py ${HOST:-0.0.0.0} ${PORT:-8000}
worker_default: sleep ${NOT_SET:-1000}
"""
STAND_IN = """\
import http.server, sys

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Page).serve_forever()
"""


@pytest.fixture
def var_dir() -> Iterator[Path]:
    """A VAR_DIR of its own, below the real one's `test`."""
    folder = new_var_dir()
    yield folder
    # A test's product has a VAR_DIR of its own within.
    for each in (folder / "var", folder):
        if (each / "passwords.json").exists():
            Services(each).erase()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    """Running services that the tests of one file share."""
    with Services(new_var_dir()) as running:
        yield running
    running.erase()


@pytest.fixture
def checkout(var_dir: Path) -> Path:
    """A small product with our real `dev` folder and stand-ins for Django's part."""
    folder = var_dir / "checkout"
    ignored = shutil.ignore_patterns("__pycache__", "model_server", "bench")
    shutil.copytree(ROOT / "dev", folder / "dev", ignore=ignored)
    (folder / "dev" / "once.py").write_text("def main(*, base_url):\n    print('once', base_url)\n    return 7\n")
    (folder / "Procfile").write_text(PROCFILE)
    (folder / "stand_in.py").write_text(STAND_IN)
    (folder / "manage.py").write_text("")
    return folder


@pytest.fixture
def start(var_dir: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a program in a session of its own; it is ended before the folders are removed."""
    started: list[subprocess.Popen[str]] = []

    def start_program(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.Popen[str]:
        clean = {name: value for name, value in os.environ.items() if name not in GIVEN_ADDRESSES}
        program = subprocess.Popen(
            command,
            cwd=cwd,
            env={**clean, "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(program)
        return program

    yield start_program
    for program in started:
        if program.poll() is None:
            program.send_signal(signal.SIGINT)
            program.communicate(timeout=30)


def new_var_dir() -> Path:
    """Make a VAR_DIR of our own."""
    folder = Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve() / "test" / f"own-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True, mode=0o711)
    return folder


def run_product(start: Callable[..., subprocess.Popen[str]], checkout: Path, *options: str, **environment: str):
    """Start `python -m dev.run` of the small product, with no model server."""
    given = {"VAR_DIR": str(checkout.parent / "var"), "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", **environment}
    return start(sys.executable, "-m", "dev.run", *options, cwd=checkout, **given)


def read_until(program: subprocess.Popen[str], text: str) -> str:
    """Read what a program says until a line has this text."""
    assert program.stdout is not None
    said = ""
    for line in program.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"It ended without {text!r}:\n{said}")


def wait_until(condition: Callable[[], object]) -> None:
    """Wait up to ten seconds for something that comes about by itself."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "It did not come about."
        time.sleep(0.02)


def is_alive(process: psutil.Process) -> bool:
    """Whether the process runs; one that ended and was not collected yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def processes_using(folder: Path) -> list[psutil.Process]:
    """Every living process that works in this folder or below."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found
