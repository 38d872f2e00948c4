"""Keeps processes running: each in its own group, with its own log, restarted when it exits, all ended at the end."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.services import ownership

BACKOFF_FIRST_SECONDS = 0.2
BACKOFF_LAST_SECONDS = 5.0
GRACE_SECONDS = 8.0
# A process that ran this long was well: its next restart is quick again.
_WELL_SECONDS = 10.0
_LOOK_SECONDS = 0.05
_LOG_BYTES_MAX = 5_000_000


class UnknownProcessError(KeyError):
    """No process of that name is supervised, or it does not run now."""


@dataclass
class _Process:
    command: str | list[str]
    popen: subprocess.Popen[bytes] | None = None
    wanted: bool = False
    started_at: float = 0
    start_again_at: float | None = None
    backoff_seconds: float = BACKOFF_FIRST_SECONDS
    exits: int = 0


class Supervisor:
    """Runs named processes: an argument list, or a shell line that becomes the process itself (`exec`)."""

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        var_dir: Path,
        processes: Mapping[str, str | list[str]],
        folder: Path | None = None,
        report: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """Processes start in the given order; `folder` is where they run, `report` hears of exits and restarts."""
        self._var_dir = var_dir.resolve()
        self._environment = {**environment, ownership.MARKER: str(self._var_dir)}
        self._folder = folder or Path(__file__).resolve().parents[1]
        self._report = report
        self._processes = {name: _Process(command) for name, command in processes.items()}
        self._lock = threading.RLock()
        self._watcher: threading.Thread | None = None
        self._ending = threading.Event()

    def names(self) -> list[str]:
        """Return the names of all processes, in the order of starting."""
        return list(self._processes)

    def start_all(self) -> None:
        """Start every process that does not run, in order."""
        for name in self._processes:
            self.start(name)

    def start(self, name: str) -> int:
        """Start one process unless it runs, keep it running from now on, and return its pid."""
        with self._lock:
            process = self._get(name)
            process.wanted = True
            process.backoff_seconds = BACKOFF_FIRST_SECONDS
            if process.popen is None:
                self._spawn(name)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
                self._watcher.start()
            return self.pid(name)

    def pid(self, name: str) -> int:
        """Return the pid of a running process. Raises UnknownProcessError."""
        with self._lock:
            popen = self._get(name).popen
            if popen is None:
                raise UnknownProcessError(f"{name} does not run now")
            return popen.pid

    def exits(self, name: str) -> int:
        """Return how often the process ended without being asked to."""
        return self._get(name).exits

    def log(self, name: str) -> Path:
        """Return the file with everything the process said."""
        return self._var_dir / "logs" / f"{name}.log"

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to the process, not to its children, and return its pid.

        Raises UnknownProcessError when it does not run, NotOurProcessError when it is not our own child.
        """
        with self._lock:
            pid = self.pid(name)
            ownership.prove_child(pid)
            os.kill(pid, number)
            return pid

    def wait_exit(self, *, pid: int, timeout_seconds: float = 10) -> None:
        """Wait until no process of ours has this pid any more. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_seconds
        while any(process.popen and process.popen.pid == pid for process in self._processes.values()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"Process {pid} still runs after {timeout_seconds} s.")
            time.sleep(_LOOK_SECONDS)

    def restart(self, names: Iterable[str]) -> None:
        """Stop these processes and start them again, with a fresh backoff."""
        chosen = list(names)
        self.stop(chosen)
        for name in chosen:
            if not self._ending.is_set():
                self.start(name)

    def stop(self, names: Iterable[str], *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ask these processes to end, in order, and kill the groups of those that have not within the grace time."""
        chosen = [self._get(name) for name in names]
        with self._lock:
            for process in chosen:
                process.wanted, process.start_again_at = False, None
                if process.popen is not None:
                    process.popen.send_signal(signal.SIGTERM)
                    process.popen.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + grace_seconds
        while any(self._runs(process) for process in chosen) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        for process in chosen:
            self._kill_group(process)

    def stop_all(self, *, last: Iterable[str] = ()) -> None:
        """Stop everything for good, last started first; `last` names what the others need until the end."""
        with self._lock:
            self._ending.set()
        needed = [name for name in self._processes if name in set(last)]
        self.stop([name for name in reversed(self._processes) if name not in needed])
        self.stop(needed)
        if self._watcher is not None:
            self._watcher.join()

    def _get(self, name: str) -> _Process:
        if name not in self._processes:
            raise UnknownProcessError(f"{name} is not one of {', '.join(self._processes)}")
        return self._processes[name]

    def _spawn(self, name: str) -> None:
        process = self._get(name)
        if self._ending.is_set():
            return
        command = process.command
        path = self.log(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _LOG_BYTES_MAX:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as log:
            process.popen = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"] if isinstance(command, str) else command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process.started_at, process.start_again_at = time.monotonic(), None
        ownership.record(path=self._record(name), pid=process.popen.pid)

    def _watch(self) -> None:
        """Collect what ended and start again what is wanted, until everything is stopped for good."""
        while not (self._ending.is_set() and all(process.popen is None for process in self._processes.values())):
            for name in self._processes:
                with self._lock:
                    self._look_at(name)
            time.sleep(_LOOK_SECONDS)

    def _look_at(self, name: str) -> None:
        process = self._processes[name]
        if process.popen is not None and not self._runs(process):
            self._collect(name)
        if process.start_again_at is not None and time.monotonic() >= process.start_again_at:
            self._spawn(name)

    def _collect(self, name: str) -> None:
        process = self._processes[name]
        popen = process.popen
        assert popen is not None
        code = popen.wait()
        # What the dead leader left of its group, before its pid can be given out again.
        ownership.signal_group(leader_pid=popen.pid, number=signal.SIGKILL)
        process.popen = None
        self._record(name).unlink(missing_ok=True)
        if not process.wanted:
            return
        process.exits += 1
        if time.monotonic() - process.started_at > _WELL_SECONDS:
            process.backoff_seconds = BACKOFF_FIRST_SECONDS
        process.start_again_at = time.monotonic() + process.backoff_seconds
        self._report(f"{name} ended with {code}; starting it again in {process.backoff_seconds:g} s ({self.log(name)})")
        process.backoff_seconds = min(process.backoff_seconds * 2, BACKOFF_LAST_SECONDS)

    def _runs(self, process: _Process) -> bool:
        with self._lock:
            return process.popen is not None and process.popen.poll() is None

    def _kill_group(self, process: _Process) -> None:
        """Kill what is left of the group, and wait until the watcher has collected it."""
        with self._lock:
            if process.popen is not None:
                ownership.signal_group(leader_pid=process.popen.pid, number=signal.SIGKILL)
        while process.popen is not None:
            time.sleep(_LOOK_SECONDS)

    def _record(self, name: str) -> Path:
        return self._var_dir / "run" / f"{name}.pid"
