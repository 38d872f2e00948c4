"""`python -m dev.virtualenv NAME...`: make .venv and install requirements/NAME.txt where that changed (see bin/_venv).

Runs with the system's Python, before anything is installed: standard library only. Two verbs may run it at once.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class VirtualenvError(RuntimeError):
    """The environment cannot be made here; the message says what to install."""


def main(names: list[str]) -> int:
    """Make the environment complete; return the exit code."""
    try:
        ensure(root=ROOT, names=names)
    except VirtualenvError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def ensure(*, root: Path, names: list[str]) -> None:
    """Make root/.venv hold these requirements; without network or work when nothing changed. Raises VirtualenvError."""
    folder = root / ".venv"
    if _is_complete(root=root, folder=folder, names=names):
        return
    folder.mkdir(exist_ok=True)
    # The system gives the lock back when its holder dies, so a killed install blocks nobody.
    # A name of its own: uv locks .venv/.lock itself, and would wait for us for ever.
    with (folder / ".installing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _works(folder):
            _create(folder)
        for name in names:
            if not _is_complete(root=root, folder=folder, names=[name]):
                _install(root=root, folder=folder, name=name)


def _is_complete(*, root: Path, folder: Path, names: list[str]) -> bool:
    stamps = {name: folder / f".installed-{name}" for name in names}
    return _works(folder) and all(
        stamp.exists() and stamp.read_text() == _fingerprint(root=root, folder=folder, name=name)
        for name, stamp in stamps.items()
    )


def _works(folder: Path) -> bool:
    """Whether its Python still starts: an upgrade of the system may have taken it away."""
    try:
        command = [str(folder / "bin" / "python"), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def _fingerprint(*, root: Path, folder: Path, name: str) -> str:
    """The requirements and the place: the programs in a copied environment would start the original's Python."""
    path = root / "requirements" / f"{name}.txt"
    if not path.exists():
        raise VirtualenvError(f"There is no requirements/{name}.txt.")
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()} {folder}\n"


def _create(folder: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    uv = shutil.which("uv")
    if importlib.util.find_spec("ensurepip"):
        command = [sys.executable, "-m", "venv", str(folder)]
    elif uv:
        command = [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)]
    else:
        raise VirtualenvError(
            f"Python {version} cannot make virtual environments. Debian, Ubuntu: apt install python3-venv"
        )
    print(f"Making .venv with Python {version} ...", file=sys.stderr)
    for stamp in folder.glob(".installed-*"):
        stamp.unlink()
    _run(command)


def _install(*, root: Path, folder: Path, name: str) -> None:
    stamp = folder / f".installed-{name}"
    copied = stamp.exists() and not stamp.read_text().endswith(f" {folder}\n")
    stamp.unlink(missing_ok=True)
    fingerprint = _fingerprint(root=root, folder=folder, name=name)
    python = folder / "bin" / "python"
    print(f"Installing requirements/{name}.txt ...", file=sys.stderr)
    requirements = ["--requirement", str(root / "requirements" / f"{name}.txt")]
    if uv := shutil.which("uv"):
        again = ["--reinstall"] if copied else []
        _run([uv, "pip", "install", "--quiet", "--python", str(python), *again, *requirements])
    else:
        again = ["--force-reinstall"] if copied else []
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*command, *again, *requirements])
    stamp.write_text(fingerprint)


def _run(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        raise VirtualenvError(f"This failed, see above: {' '.join(command)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
