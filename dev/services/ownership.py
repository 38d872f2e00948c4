"""Proof that a process is ours before it is signalled: a pid alone proves nothing, it is given out again."""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

# Every process that a supervisor starts carries the VAR_DIR it belongs to under this name.
MARKER = "SUPERVISED_FOR"
# The boot time that start times are counted from is rounded to the second.
_START_TIME_TOLERANCE_SECONDS = 2.0


class NotOurProcessError(RuntimeError):
    """The process is not proved to be ours, so it is not signalled."""


def record(*, path: Path, pid: int) -> None:
    """Write down a process that we started: its pid and its start time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # It may have ended already; then there is nothing to record.
    with contextlib.suppress(psutil.Error):
        path.write_text(f"{pid} {psutil.Process(pid).create_time()}\n")


def find_recorded(path: Path) -> psutil.Process | None:
    """Return the recorded process while it lives, or None when it ended, even if its pid was given out again."""
    try:
        pid, started_at = path.read_text().split()
        process = psutil.Process(int(pid))
        same = abs(process.create_time() - float(started_at)) < _START_TIME_TOLERANCE_SECONDS
        return process if same and _is_alive(process) else None
    except (OSError, ValueError, psutil.Error):
        return None


def prove_works_in(*, process: psutil.Process, folder: Path) -> None:
    """Raise NotOurProcessError unless the process works in this data folder."""
    try:
        working_folder = Path(process.cwd()).resolve()
    except psutil.Error as error:
        raise NotOurProcessError(f"Process {process.pid} cannot be proved to work in {folder}.") from error
    if working_folder != folder.resolve():
        raise NotOurProcessError(f"Process {process.pid} works in {working_folder}, not in {folder}.")


def prove_child(pid: int) -> None:
    """Raise NotOurProcessError unless this very process started it and has not collected its end yet."""
    try:
        parent = psutil.Process(pid).ppid()
    except psutil.Error as error:
        raise NotOurProcessError(f"Process {pid} does not run.") from error
    if parent != os.getpid():
        raise NotOurProcessError(f"Process {pid} is a child of {parent}, not of {os.getpid()}.")


def signal_group(*, leader_pid: int, number: int) -> None:
    """Signal a process group that we started; one that has ended already is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader_pid, number)


def end_leftovers(*, var_dir: Path, grace_seconds: float = 8) -> list[str]:
    """End what a killed supervisor of this VAR_DIR left running, and nothing else; return what was ended.

    Ours is what carries our marker (which only a supervisor of this VAR_DIR writes) or is recorded with pid and start
    time, and is not a descendant of the caller.
    """
    found = {process.pid: process for process in [*_marked(var_dir), *_recorded(var_dir)]}
    leftovers = [process for process in found.values() if not _is_descendant_or_self(process)]
    names = [f"{_name(process)} ({process.pid})" for process in leftovers]
    end(processes=leftovers, grace_seconds=grace_seconds)
    for path in (var_dir / "run").glob("*.pid"):
        path.unlink(missing_ok=True)
    return names


def end(*, processes: Iterable[psutil.Process], grace_seconds: float) -> None:
    """Ask proven processes to end, and kill those that have not within the grace time."""
    alive = list(processes)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGTERM)
            # A stopped process hears SIGTERM only once it goes on.
            process.send_signal(signal.SIGCONT)
    alive = wait_ended(processes=alive, timeout_seconds=grace_seconds)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    wait_ended(processes=alive, timeout_seconds=5)


def wait_ended(*, processes: Iterable[psutil.Process], timeout_seconds: float) -> list[psutil.Process]:
    """Wait until these processes have ended; return those that have not in time.

    A zombie has ended: in a container whose first process collects nobody, it stays one for good.
    """
    deadline = time.monotonic() + timeout_seconds
    while alive := [process for process in processes if _is_alive(process)]:
        if time.monotonic() > deadline:
            return alive
        time.sleep(0.02)
    return []


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _marked(var_dir: Path) -> list[psutil.Process]:
    marked = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARKER) == str(var_dir):
                marked.append(process)
    return marked


def _recorded(var_dir: Path) -> list[psutil.Process]:
    """The recorded processes; a service's record also names its data folder: run/valkey.pid works in valkey/."""
    recorded = []
    for path in (var_dir / "run").glob("*.pid"):
        process = find_recorded(path)
        if process is None:
            continue
        folder = var_dir / path.stem
        with contextlib.suppress(NotOurProcessError):
            if folder.is_dir():
                prove_works_in(process=process, folder=folder)
            recorded.append(process)
    return recorded


def _is_descendant_or_self(process: psutil.Process) -> bool:
    if process.pid == os.getpid():
        return True
    try:
        return any(parent.pid == os.getpid() for parent in process.parents())
    except psutil.Error:
        return False


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return "ended"
