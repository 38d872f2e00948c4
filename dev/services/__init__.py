"""Embedded PostgreSQL and Valkey for laptops and CI: real servers from wheels, no Docker, data under VAR_DIR.

One user of a VAR_DIR at a time; whoever starts next ends what a killed one left behind, and nothing else.
"""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from dev.services import ownership, postgres
from dev.services.account import AccountError
from dev.services.ownership import NotOurProcessError
from dev.services.postgres import Postgres, PostgresError
from dev.services.valkey import Valkey, ValkeyError

__all__ = ["NotOurProcessError", "Services", "ServicesError"]

_PASSWORDS = (postgres.ADMIN, postgres.OWNER, postgres.APP, "valkey")


class ServicesError(RuntimeError):
    """The services cannot run; the message is fit for whoever typed the command."""


class Services:
    """PostgreSQL and Valkey of one VAR_DIR, as a context manager: started inside, stopped after."""

    postgres: Postgres
    valkey: Valkey

    def __init__(self, var_dir: Path, *, environment: Mapping[str, str] | None = None, durable: bool = True) -> None:
        """A DATABASE_URL or REDIS_URL in the environment (default: none, start both) is used as it is.

        Without `durable`, for tests, PostgreSQL does not wait for the disk.
        """
        self.var_dir = var_dir.resolve()
        self.services_file = self.var_dir / "services.env"
        self._given = dict(environment or {})
        self._durable = durable
        self._lock: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def claim(self) -> list[str]:
        """Take the VAR_DIR and end what a killed supervisor left running there; return what that was.

        Raises ServicesError when another one runs on this VAR_DIR.
        """
        self._make_var_dir()
        self._take_lock()
        ended = ownership.end_leftovers(var_dir=self.var_dir)
        self.services_file.unlink(missing_ok=True)
        passwords = self._passwords()
        self.postgres = Postgres(var_dir=self.var_dir, passwords=passwords, durable=self._durable)
        self.valkey = Valkey(var_dir=self.var_dir, password=passwords["valkey"])
        return ended

    def start(self) -> dict[str, str]:
        """Start both servers; return DATABASE_URL, MIGRATION_DATABASE_URL and REDIS_URL, also written to services.env.

        Raises ServicesError; then nothing is left running.
        """
        if self._lock is None:
            self.claim()
        try:
            addresses = self._start_databases() | self._start_redis()
        except (AccountError, PostgresError, ValkeyError, NotOurProcessError, OSError) as error:
            self.stop()
            raise ServicesError(str(error)) from error
        except BaseException:
            self.stop()
            raise
        self.publish(addresses)
        return addresses

    def stop(self) -> None:
        """Stop both servers, remove services.env and give the VAR_DIR free; fine when nothing was started."""
        if self._lock is None:
            return
        self.services_file.unlink(missing_ok=True)
        try:
            with contextlib.ExitStack() as stack:
                stack.callback(self.postgres.stop)
                stack.callback(self.valkey.stop)
        finally:
            os.close(self._lock)
            self._lock = None

    def erase(self) -> None:
        """Stop, and delete the VAR_DIR with all data, also what lies elsewhere within the reach of root's PostgreSQL.

        Raises ServicesError when another one runs on this VAR_DIR.
        """
        if self._lock is None:
            self.claim()
        self.postgres.prepare()
        self.stop()
        for folder in (self.postgres.data, self.var_dir):
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, addresses: Mapping[str, str]) -> None:
        """Write addresses to services.env, readable by this user only, so that manage.py finds them."""
        unfinished = self.services_file.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        _write_private(path=unfinished, text="".join(f"{name}={value}\n" for name, value in addresses.items()))
        unfinished.replace(self.services_file)

    def _make_var_dir(self) -> None:
        # Root's PostgreSQL runs as another user, who must pass through to its own folder.
        self.var_dir.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        for name in ("logs", "run"):
            (self.var_dir / name).mkdir(exist_ok=True, mode=0o700)
        owner = self.var_dir.stat().st_uid
        if os.geteuid() not in (0, owner):
            raise ServicesError(f"{self.var_dir} belongs to another user: set VAR_DIR to a folder of your own.")

    def _take_lock(self) -> None:
        lock = os.open(self.var_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 100).decode().strip()
            os.close(lock)
            raise ServicesError(
                f"One is running on {self.var_dir} already (process {holder}): stop it, or set another VAR_DIR."
            ) from None
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock

    def _passwords(self) -> dict[str, str]:
        """The passwords of this VAR_DIR, made once and kept."""
        path = self.var_dir / "passwords.json"
        if not path.exists():
            _write_private(path=path, text=json.dumps({name: secrets.token_urlsafe(24) for name in _PASSWORDS}))
        passwords: dict[str, str] = json.loads(path.read_text())
        return passwords

    def _start_databases(self) -> dict[str, str]:
        if url := self._given.get("DATABASE_URL"):
            return {"DATABASE_URL": url, "MIGRATION_DATABASE_URL": self._given.get("MIGRATION_DATABASE_URL") or url}
        self.postgres.prepare()
        self.postgres.start()
        return {
            "DATABASE_URL": self.postgres.url(postgres.APP),
            "MIGRATION_DATABASE_URL": self.postgres.url(postgres.OWNER),
        }

    def _start_redis(self) -> dict[str, str]:
        if url := self._given.get("REDIS_URL"):
            return {"REDIS_URL": url}
        self.valkey.start()
        return {"REDIS_URL": self.valkey.url()}


def _write_private(*, path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
