"""A real PostgreSQL from the wheel's programs, on a loopback port, with passwords and three roles.

`keel_admin` is the superuser and only used here; `keel_owner` owns the database and migrates; `keel_app` owns nothing.
"""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from dev.services import ownership
from dev.services.account import Account, find_binaries, find_data_folder, server_account
from dev.services.ports import LOOPBACK, free_port, is_free

DATABASE = "keel"
ADMIN, OWNER, APP = "keel_admin", "keel_owner", "keel_app"
_PLAIN = "LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS"
_ROLES = {OWNER: f"{_PLAIN} CREATEDB", APP: f"{_PLAIN} NOCREATEDB"}
_APP_LIMITS = {"statement_timeout": "15s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "30s"}
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    # No socket at all: the usual place is shared with every other user.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m:%u:",
}
# A server that was killed loses nothing without them; a machine that was switched off may lose all.
_FORGETFUL = {"fsync": "off", "full_page_writes": "off"}
_START_SECONDS = 60
_START_ATTEMPTS = 3


class PostgresError(RuntimeError):
    """PostgreSQL could not be prepared or started; the message says why and where its log is."""


class Postgres:
    """One PostgreSQL server and its data folder."""

    def __init__(self, *, var_dir: Path, passwords: dict[str, str], durable: bool) -> None:
        """Passwords are by role name, and must stay the same for one data folder."""
        self.port = free_port()
        self._var_dir = var_dir
        self._passwords = passwords
        self._settings = _SETTINGS if durable else _SETTINGS | _FORGETFUL
        self._log = var_dir / "logs" / "postgres.log"
        self._account = Account()
        self._binaries = Path()
        self._prepared = False
        self._started: psutil.Process | None = None
        self.data = var_dir / "postgres"

    @property
    def pid(self) -> int | None:
        """The running server's pid, or None. Raises NotOurProcessError when its pid file names somebody else's."""
        process = self._process()
        return process.pid if process else None

    def url(self, role: str) -> str:
        """Return the database URL for one of the roles."""
        return f"postgres://{role}:{self._passwords[role]}@{LOOPBACK}:{self.port}/{DATABASE}"

    def prepare(self) -> None:
        """Find the programs and the data folder, and end a server that a killed supervisor left on it.

        Raises AccountError or PostgresError.
        """
        self._account = server_account()
        self._binaries = find_binaries(self._account)
        secret = self._passwords[ADMIN]
        self.data = find_data_folder(account=self._account, var_dir=self._var_dir, secret=secret)
        self._prepared = True
        try:
            self.stop()
        except ownership.NotOurProcessError:
            # After a crash the pid in the file can be anybody's, and PostgreSQL would not start beside it.
            (self.data / "postmaster.pid").unlink()

    def start(self) -> None:
        """Start the server, with the same port as before, and make data folder, roles and database where missing.

        Raises PostgresError.
        """
        self._log.parent.mkdir(parents=True, exist_ok=True)
        if not self.data.exists():
            self._initialise()
        self._start_server()
        self._started = self._process()
        try:
            self._ensure_roles()
        except psycopg.Error as error:
            hint = f"If {self._var_dir}/passwords.json was lost, remove {self.data} as well."
            raise PostgresError(f"PostgreSQL runs, but cannot be used: {error}\n{hint}") from error

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: "fast" ends its connections, "immediate" is a crash. Raises NotOurProcessError."""
        process = self._process() if self._prepared else None
        if process is None:
            self._end_orphan()
            return
        self._run_control(["stop", "--mode", mode, "--timeout", "30"])
        if ownership.wait_ended(processes=[process], timeout_seconds=5):
            raise PostgresError(f"PostgreSQL did not stop; see {self._log}.")

    def connect(self, *, role: str = ADMIN, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """Open a connection with autocommit."""
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=role,
            password=self._passwords[role],
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def _process(self) -> psutil.Process | None:
        """The server that the data folder's pid file names, once it is proved to work in that folder."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
        except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
            return None
        ownership.prove_works_in(process=process, folder=self.data)
        return process

    def _end_orphan(self) -> None:
        """End the server that we started when somebody removed the VAR_DIR, and its pid file, under it."""
        # is_running() compares start times, so a pid that was given out again is nobody of ours.
        if self._started is not None and self._started.is_running():
            self._started.send_signal(signal.SIGQUIT)
            ownership.wait_ended(processes=[self._started], timeout_seconds=10)

    def _initialise(self) -> None:
        """Make the data folder in one step: an interrupted attempt leaves nothing that looks finished."""
        unfinished = self.data.with_name(f"{self.data.name}.unfinished")
        password_file = self.data.with_name(f"{self.data.name}.password")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file.touch(mode=0o600)
        password_file.write_text(self._passwords[ADMIN])
        self._account.give(unfinished)
        self._account.give(password_file)
        command = [str(self._binaries / "initdb"), "--pgdata", str(unfinished), "--username", ADMIN]
        command += [
            "--pwfile",
            str(password_file),
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--no-instructions",
        ]
        # The same order and case rules on every laptop and in CI, whatever its locales.
        command += ["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
        try:
            self._run_logged(command)
        finally:
            password_file.unlink()
        unfinished.rename(self.data)

    def _start_server(self) -> None:
        """Start; tried again, because a crashed server's last children may hold its memory for a moment."""
        for attempt in range(1, _START_ATTEMPTS + 1):
            if not is_free(self.port):
                raise PostgresError(f"Port {self.port} of PostgreSQL was taken by another program.")
            options = " ".join(f"-c {name}='{value}'" for name, value in {**self._settings, "port": self.port}.items())
            try:
                self._run_control(["start", "--timeout", str(_START_SECONDS), "--options", options])
            except PostgresError:
                if attempt == _START_ATTEMPTS:
                    raise
                time.sleep(attempt)
            else:
                return

    def _ensure_roles(self) -> None:
        """Make roles and database where missing; said again at each start, so that an interrupted start heals."""
        with self.connect() as connection:
            for role, attributes in _ROLES.items():
                if not _exists(connection=connection, query="SELECT 1 FROM pg_roles WHERE rolname = %s", name=role):
                    connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
                alter = sql.SQL(f"ALTER ROLE {{}} WITH {attributes} PASSWORD {{}}")
                connection.execute(alter.format(sql.Identifier(role), sql.Literal(self._passwords[role])))
            for name, value in _APP_LIMITS.items():
                connection.execute(f"ALTER ROLE {APP} SET {name} = '{value}'")
            if not _exists(connection=connection, query="SELECT 1 FROM pg_database WHERE datname = %s", name=DATABASE):
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")

    def _run_control(self, arguments: list[str]) -> None:
        self._run_logged([str(self._binaries / "pg_ctl"), "--pgdata", str(self.data), "--wait", *arguments])

    def _run_logged(self, command: list[str]) -> None:
        """Run a server program with its words, and those of the server it starts, in our log."""
        with self._log.open("ab") as log:
            # In a session of its own, so that Ctrl-C in the terminal does not cut a start or stop in half.
            result = self._account.run(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        if result.returncode != 0:
            raise PostgresError(f"{Path(command[0]).name} failed:\n{_tail(self._log)}\nThe whole log: {self._log}")


def _exists(*, connection: "psycopg.Connection[tuple[object, ...]]", query: str, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-12:])
