"""What the terminal shows: our own sentences, and the processes' logs with their names in front."""

import contextlib
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

_LOOK_SECONDS = 0.1
_COLOURS = (36, 33, 35, 32, 34)


def say(text: str) -> None:
    """Print for a person; a terminal that has gone away is no reason to fail."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


def tail(path: Path, *, lines: int = 25) -> str:
    """Return the last lines of a log, or nothing when there is none."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


class LogFollower:
    """Prints what is added to logs from now on, each line with its name in front."""

    def __init__(self, logs: Mapping[str, Path]) -> None:
        self._logs = dict(logs)
        self._positions = {name: _size(path) for name, path in self._logs.items()}
        self._unfinished = dict.fromkeys(self._logs, b"")
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="logs", daemon=True)

    def start(self) -> None:
        """Begin to print."""
        self._thread.start()

    def stop(self) -> None:
        """Print what is left and end."""
        self._ending.set()
        self._thread.join()

    def _follow(self) -> None:
        ending = False
        while not ending:
            ending = self._ending.is_set()
            for name in self._logs:
                for line in self._new_lines(name):
                    say(f"{self._prefix(name)}{line.decode(errors='replace')}")
            time.sleep(_LOOK_SECONDS)

    def _new_lines(self, name: str) -> list[bytes]:
        path = self._logs[name]
        if _size(path) < self._positions[name]:
            self._positions[name] = 0
        try:
            with path.open("rb") as file:
                file.seek(self._positions[name])
                added = file.read()
        except FileNotFoundError:
            return []
        self._positions[name] += len(added)
        *lines, self._unfinished[name] = (self._unfinished[name] + added).split(b"\n")
        return lines

    def _prefix(self, name: str) -> str:
        width = max(map(len, self._logs))
        if not sys.stdout.isatty():
            return f"{name:<{width}} | "
        colour = _COLOURS[list(self._logs).index(name) % len(_COLOURS)]
        return f"\x1b[{colour}m{name:<{width}} |\x1b[0m "


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
