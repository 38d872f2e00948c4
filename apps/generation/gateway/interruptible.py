"""Network reads that can be called off: every read waits in short slices and asks the run's guard in between.

Closing a socket from another thread is neither portable nor safe under TLS; asking in slices is both, and it works
the same in threads and in greenlets, while headers are still awaited and in the middle of a body.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore2
import httpx2

from apps.generation.gateway.types import Guard

SLICE_SECONDS = 0.25

_guard: ContextVar[Guard | None] = ContextVar("guard", default=None)


@contextmanager
def guarded_by(guard: Guard) -> Iterator[None]:
    """Let `guard` be asked during every network read in this block; what it raises ends the read."""
    token = _guard.set(guard)
    try:
        yield
    finally:
        _guard.reset(token)


class InterruptibleTransport(httpx2.HTTPTransport):
    """httpx2's own transport on top of interruptible streams."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # The transport has no argument for the pool's network backend, the pool does.
        self._pool._network_backend = _Backend(self._pool._network_backend)


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, inner: httpcore2.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(self, *args: Any, **options: Any) -> httpcore2.NetworkStream:
        return _Stream(self._inner.connect_tcp(*args, **options))

    def connect_unix_socket(self, *args: Any, **options: Any) -> httpcore2.NetworkStream:
        return _Stream(self._inner.connect_unix_socket(*args, **options))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        guard = _guard.get()
        if guard is None:
            return self._inner.read(max_bytes, timeout)
        ends_at = time.monotonic() + timeout if timeout is not None else float("inf")
        while True:
            guard()
            left = ends_at - time.monotonic()
            try:
                return self._inner.read(max_bytes, timeout=max(min(left, SLICE_SECONDS), 0.001))
            except httpcore2.ReadTimeout:
                if left <= SLICE_SECONDS:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, *args: Any, **options: Any) -> httpcore2.NetworkStream:
        return _Stream(self._inner.start_tls(*args, **options))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
