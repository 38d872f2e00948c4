"""Another web process beside the shared product: other settings or another checkout, the same database and people."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from dev.run import ROOT
from dev.services.ports import LOOPBACK, free_port
from tests.product import Product, wait_for

READY_SECONDS = 40


@contextmanager
def web_process(product: Product, *, folder: Path = ROOT, **environment: str) -> Iterator[str]:
    """Serve the product once more for the length of a block; yield its address."""
    port = free_port()
    base_url = f"http://{LOOPBACK}:{port}"
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", LOOPBACK, "--port", str(port)]
    log = product.services.var_dir / "logs" / f"web-{port}.log"
    with log.open("wb") as written:
        child = subprocess.Popen(
            [*command, "--log-level", "warning"],
            cwd=folder,
            env=product.environment | {"SITE_URL": base_url} | environment,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(lambda: _is_up(base_url, child=child, log=log), seconds=READY_SECONDS)
            yield base_url
        finally:
            child.terminate()
            child.wait(timeout=READY_SECONDS)


def _is_up(base_url: str, *, child: subprocess.Popen[bytes], log: Path) -> bool:
    assert child.poll() is None, log.read_text()[-2000:]
    return httpx2.get(f"{base_url}/healthz", timeout=5).is_success
