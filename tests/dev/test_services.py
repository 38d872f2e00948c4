"""Embedded PostgreSQL and Valkey: what survives, who may do what, and whom they never touch."""

import os
import shutil
import stat
import subprocess
import sys

import psutil
import psycopg
import pytest
import redis

from dev.services import NotOurProcessError, Services, ServicesError, ownership, postgres
from tests.dev.conftest import ROOT, is_alive, read_until, wait_until


@pytest.fixture
def somebody_else(start):
    program = start("sleep", "1000", cwd=ROOT)
    yield program
    program.kill()


def test_data_survives_a_restart_on_other_ports(var_dir):
    with Services(var_dir) as first:
        with first.postgres.connect(role=postgres.OWNER, database="keel") as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'here' AS text")
        redis.from_url(first.valkey.url()).set("kept", "here")

    with Services(var_dir) as second:
        with second.postgres.connect(role=postgres.OWNER, database="keel") as connection:
            assert connection.execute("SELECT text FROM kept").fetchone() == ("here",)
        assert redis.from_url(second.valkey.url()).get("kept") == b"here"


def test_the_app_role_owns_nothing_and_can_neither_create_nor_truncate_tables(services):
    with services.postgres.connect(role=postgres.OWNER, database="keel") as connection:
        connection.execute("CREATE TABLE money (amount int); GRANT SELECT, INSERT ON money TO keel_app")

    with services.postgres.connect(role=postgres.APP, database="keel") as connection:
        connection.execute("INSERT INTO money VALUES (1)")
        for refused in ("TRUNCATE money", "DELETE FROM money", "CREATE TABLE mine (id int)", "CREATE SCHEMA mine"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)
        owned = connection.execute(
            "SELECT count(*) FROM pg_shdepend WHERE refobjid = 'keel_app'::regrole AND deptype = 'o'"
        )
        assert owned.fetchone() == (0,)


def test_only_the_hidden_admin_is_a_superuser(services):
    with services.postgres.connect() as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper, rolcreaterole, rolbypassrls, rolcreatedb"
            " FROM pg_roles WHERE rolname LIKE 'keel_%'"
        ).fetchall()

    assert sorted(rows) == [
        ("keel_admin", True, True, True, True),
        ("keel_app", False, False, False, False),
        ("keel_owner", False, False, False, True),
    ]


def test_the_app_role_cannot_wait_forever(services):
    with services.postgres.connect(role=postgres.APP, database="keel") as connection:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        limits = [connection.execute(f"SHOW {name}").fetchone() for name in names]

    assert limits == [("15s",), ("5s",), ("30s",)]


def test_the_app_role_can_use_a_test_database_that_the_owner_made(services):
    with services.postgres.connect(role=postgres.OWNER, database="keel") as connection:
        connection.execute("CREATE DATABASE test_keel")

    with services.postgres.connect(role=postgres.APP, database="test_keel") as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("test_keel",)


def test_nobody_gets_in_without_the_password(services):
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"host=127.0.0.1 port={services.postgres.port} user=keel_admin dbname=keel password=guess")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=services.valkey.port).ping()


def test_passwords_and_addresses_are_for_this_user_only(services):
    for name in ("passwords.json", "services.env"):
        assert stat.S_IMODE((services.var_dir / name).stat().st_mode) == 0o600
    for process in (services.postgres.pid, services.valkey.pid):
        assert services._passwords()["valkey"] not in " ".join(psutil.Process(process).cmdline())


def test_services_env_names_the_addresses_until_the_end(var_dir):
    given = {"DATABASE_URL": "postgres://elsewhere/keel", "REDIS_URL": "redis://elsewhere"}

    with Services(var_dir, environment=given) as services:
        lines = services.services_file.read_text().splitlines()
        assert services.postgres.pid is services.valkey.pid is None

    assert lines == [
        "DATABASE_URL=postgres://elsewhere/keel",
        "MIGRATION_DATABASE_URL=postgres://elsewhere/keel",
        "REDIS_URL=redis://elsewhere",
    ]
    assert not services.services_file.exists()


def test_a_second_start_on_one_folder_is_refused_with_the_process_that_has_it(services):
    with pytest.raises(ServicesError, match=rf"already \(process {os.getpid()}\)"):
        Services(services.var_dir).start()

    assert services.postgres.pid
    assert services.services_file.exists()


def test_two_run_side_by_side(services, var_dir):
    with Services(var_dir) as other:
        assert other.postgres.pid != services.postgres.pid
        with services.postgres.connect(), other.postgres.connect():
            assert redis.from_url(other.valkey.url()).ping()

    assert services.postgres.pid
    assert services.valkey.pid


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_stopped_database_comes_back_at_the_same_address(services, mode):
    port = services.postgres.port

    services.postgres.stop(mode=mode)
    with pytest.raises(psycopg.OperationalError):
        services.postgres.connect()
    services.postgres.start()

    assert services.postgres.port == port
    services.postgres.connect().close()


def test_a_killed_valkey_comes_back_at_the_same_address(services):
    client, old = redis.from_url(services.valkey.url()), services.valkey.pid

    services.valkey.kill()
    with pytest.raises(redis.ConnectionError):
        client.ping()
    services.valkey.start()

    assert client.ping()
    assert services.valkey.pid != old


def test_a_paused_valkey_answers_nothing_until_it_is_resumed(services):
    client = redis.from_url(services.valkey.url(), socket_timeout=0.3)

    services.valkey.pause()
    with pytest.raises(redis.TimeoutError):
        client.ping()
    services.valkey.resume()

    assert redis.from_url(services.valkey.url()).ping()


def test_a_foreign_process_in_the_pid_file_is_never_stopped(services, somebody_else):
    pid_file = services.postgres.data / "postmaster.pid"
    real = pid_file.read_text()
    pid_file.write_text(f"{somebody_else.pid}\n" + real.split("\n", 1)[1])

    with pytest.raises(NotOurProcessError):
        services.postgres.stop(mode="immediate")

    pid_file.write_text(real)
    assert somebody_else.poll() is None


def test_a_foreign_process_in_the_record_is_never_signalled(services, somebody_else):
    record = services.var_dir / "run" / "valkey.pid"
    real = record.read_text()
    ownership.record(path=record, pid=somebody_else.pid)

    for inject in (services.valkey.kill, services.valkey.pause, services.valkey.resume, services.valkey.stop):
        with pytest.raises(NotOurProcessError):
            inject()

    record.write_text(real)
    assert psutil.Process(somebody_else.pid).status() != psutil.STATUS_STOPPED


def test_leftovers_of_a_killed_supervisor_are_ended_and_only_those(start, var_dir, services, somebody_else):
    killed = start(sys.executable, "-c", KILLED_SUPERVISOR, VAR_DIR=str(var_dir))
    left = [psutil.Process(int(pid)) for pid in read_until(killed, "ready").split()[:-1]]
    killed.kill()
    killed.wait()
    assert len(left) == 4
    assert all(process.is_running() for process in left)
    # A pid that was given out again: recorded with a start time that is not its own.
    (var_dir / "run" / "web.pid").write_text(f"{somebody_else.pid} 1.0\n")

    with Services(var_dir):
        wait_until(lambda: not any(is_alive(process) for process in left))

    assert somebody_else.poll() is None
    assert services.postgres.pid
    assert services.valkey.pid


KILLED_SUPERVISOR = """
import os, pathlib, time, psutil
from dev.services import Services
from dev.supervisor import Supervisor
var_dir = pathlib.Path(os.environ["VAR_DIR"])
services = Services(var_dir)
services.start()
lines = {"worker": "sh -c 'sleep 1000 & wait'"}
supervisor = Supervisor(environment=os.environ, var_dir=var_dir, processes=lines)
worker = supervisor.start("worker")
while not psutil.Process(worker).children():
    time.sleep(0.01)
print(services.postgres.pid, services.valkey.pid, worker, psutil.Process(worker).children()[0].pid, "ready")
time.sleep(1000)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands PostgreSQL to another user")
def test_root_runs_the_database_below_a_closed_folder_without_opening_it(tmp_path):
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)

    with Services(closed / "var") as services:
        assert psutil.Process(services.postgres.pid).username() == "keelpg"
        assert not services.postgres.data.is_relative_to(closed)
        data = services.postgres.data

    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    services.erase()
    assert not data.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user; others are the ordinary user")
def test_an_ordinary_user_starts_them_too(var_dir):
    python = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", sys.executable]
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        subprocess.run(
            [*python, "-c", "import dev.services"], check=True, env=environment, capture_output=True, cwd="/"
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this Python or checkout is closed to nobody")
    shutil.chown(var_dir, "nobody", "nogroup")
    program = f"import pathlib, dev.services\nwith dev.services.Services(pathlib.Path({str(var_dir)!r})): pass"

    ended = subprocess.run(
        [*python, "-c", program], env=environment, capture_output=True, text=True, check=False, cwd="/"
    )

    assert ended.returncode == 0, ended.stderr
    assert (var_dir / "postgres").owner() == "nobody"
