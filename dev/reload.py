"""Restarts the processes that an edited file concerns; templates and static files need no restart."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath

import watchfiles

from dev.stand_ins import NAMES

_DEBOUNCE_MS = 400


def concerned_by(*, path: PurePath, processes: Iterable[str]) -> set[str]:
    """Return which processes must restart when this file of the checkout, a relative path, has changed."""
    folder = path.parts[0] if path.parts else ""
    everything = set(processes)
    if folder == "dev" and len(path.parts) > 1:
        return everything & {path.parts[1]} & set(NAMES) if path.suffix == ".py" else set()
    if folder == "apps" and path.suffix in {".py", ".yaml", ".yml", ".mo"}:
        return {name for name in everything if name == "web" or name.startswith("worker")}
    if folder == "config" and path.suffix == ".py":
        return everything - set(NAMES)
    return set()


class Reloader:
    """Watches the checkout in a thread of its own."""

    def __init__(self, *, root: Path, processes: Iterable[str], restart: Callable[[list[str]], None]) -> None:
        """`restart` is called, in that thread, with the processes that a change concerns."""
        self._root = root
        self._processes = list(processes)
        self._restart = restart
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="reload", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; a restart in progress is finished first."""
        self._ending.set()
        self._thread.join()

    def _watch(self) -> None:
        folders = [folder for folder in (self._root / name for name in ("apps", "config", "dev")) if folder.exists()]
        for changes in watchfiles.watch(
            *folders, stop_event=self._ending, debounce=_DEBOUNCE_MS, rust_timeout=500, raise_interrupt=False
        ):
            concerned: set[str] = set()
            for _, name in changes:
                path = Path(name).relative_to(self._root)
                concerned |= concerned_by(path=path, processes=self._processes)
            if concerned:
                self._restart([name for name in self._processes if name in concerned])
