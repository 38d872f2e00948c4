"""A real web process with the test database, and many browsers that keep a stream open."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
from django.db import connection

from dev.services.ports import LOOPBACK, free_port
from tests.product import wait_for

ROOT = Path(__file__).resolve().parents[2]
APPLICATION_NAME = "many-streams"
PATIENCE_SECONDS = 30


class WebProcess:
    """What can be seen of a web process from outside."""

    def __init__(self, *, pid: int, port: int) -> None:
        self.process, self.port = psutil.Process(pid), port

    def connections(self) -> list[str]:
        """Return the states of its database connections."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT state FROM pg_stat_activity WHERE application_name = %s", [APPLICATION_NAME])
            return [state for (state,) in cursor.fetchall()]


@contextmanager
def web_process() -> Iterator[WebProcess]:
    """Serve the product as the Procfile does, for the length of a block."""
    port, database = free_port(), connection.settings_dict
    login = f"{database['USER']}:{database['PASSWORD']}"
    address = f"{database['HOST']}:{database['PORT']}/{database['NAME']}?application_name={APPLICATION_NAME}"
    environment = os.environ | {
        "DATABASE_URL": f"postgres://{login}@{address}",
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", LOOPBACK, "--port", str(port)]
    child = subprocess.Popen([*command, "--log-level", "warning"], cwd=ROOT, env=environment)
    try:
        wait_for(lambda: httpx2.get(f"http://{LOOPBACK}:{port}/healthz").is_success, seconds=PATIENCE_SECONDS)
        yield WebProcess(pid=child.pid, port=port)
    finally:
        child.terminate()
        child.wait(timeout=PATIENCE_SECONDS)


class Browser:
    """One open connection that reads one stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer, self.body = reader, writer, b""

    @classmethod
    async def open(cls, *, port: int, path: str, cookie: str) -> "Browser":
        """Ask for a stream and wait for its first event."""
        browser = cls(*await asyncio.open_connection(LOOPBACK, port))
        head = f"GET {path} HTTP/1.1\r\nhost: {LOOPBACK}\r\ncookie: {cookie}\r\n\r\n"
        browser._writer.write(head.encode())
        await browser.until(b"event: status")
        return browser

    async def until(self, mark: bytes) -> None:
        """Read until the answer holds this."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while mark not in self.body:
                part = await self._reader.read(65536)
                assert part, self.body[-500:]
                self.body += part

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        await self._writer.wait_closed()
