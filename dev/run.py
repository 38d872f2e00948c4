"""`python -m dev.run [--once]`: the whole product on this machine, until Ctrl-C or for one run through it."""

import argparse
import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import environ

from dev import once
from dev.interruption import Interrupted, Interruption
from dev.procfile import read_procfile
from dev.reload import Reloader
from dev.services import Services, ServicesError, ownership
from dev.services.ports import LOOPBACK, free_port, is_free
from dev.stand_ins import NAMES, StandIn, choose_stand_ins
from dev.supervisor import Supervisor
from dev.terminal import LogFollower, say, tail

ROOT = Path(__file__).resolve().parents[1]
SEED_LINE = "python manage.py seed_demo"
READY_SECONDS = 60
# A process that has ended this often before it was ready will not get ready.
HOPELESS_EXITS = 4
# Started before what needs it and ended after it; the rest starts and ends in this order's reverse.
START_ORDER = ("worker_generation", "worker_default", "beat", "web")


class StartError(RuntimeError):
    """The product does not start; the message says why, with the log that explains it."""


def main(arguments: list[str] | None = None) -> int:
    """Run the product; return the exit code: 0 after Ctrl-C, with --once what the run through it says."""
    parser = argparse.ArgumentParser(prog="bin/dev", description=__doc__)
    parser.add_argument("--once", action="store_true", help="run once through the product and stop")
    only_once = parser.parse_args(arguments).once
    interruption = Interruption()
    try:
        with running_product(interruption=interruption, quiet=only_once) as base_url, interruption.heard():
            if only_once:
                return once.main(base_url=base_url)
            while True:
                time.sleep(3600)
    except Interrupted:
        say("Stopped.")
        return 130 if only_once else 0
    except (ServicesError, StartError) as error:
        print(f"\nbin/dev: {error}", file=sys.stderr)
        return 1


@contextmanager
def running_product(*, interruption: Interruption, quiet: bool) -> Iterator[str]:
    """Start services and processes, yield the address once it is ready, and stop everything in the end."""
    started_at = time.monotonic()
    environ.Env.read_env(ROOT / ".env")
    var_dir = Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve()
    port = _read_port()
    services = Services(var_dir, environment=os.environ)
    with contextlib.ExitStack() as stack:
        stack.callback(services.stop)
        if ended := services.claim():
            say(f"Ended what an earlier run left behind: {', '.join(ended)}.")
        _check_port(port)
        say("Starting PostgreSQL and Valkey ...")
        addresses = services.start()
        site_url = _site_url(port)
        stand_ins = choose_stand_ins(environment=os.environ, site_url=f"http://{LOOPBACK}:{port}", var_dir=var_dir)
        addresses |= {"SITE_URL": site_url}
        for stand_in in stand_ins:
            addresses |= stand_in.addresses
        services.publish(addresses)
        environment = child_environment(addresses=addresses, var_dir=var_dir, port=port)
        supervisor = Supervisor(
            environment=environment, var_dir=var_dir, processes=_processes(stand_ins), folder=ROOT, report=say
        )
        stack.callback(supervisor.stop_all, last=NAMES)
        _start(
            supervisor=supervisor, environment=environment, interruption=interruption, port=port, stand_ins=stand_ins
        )
        _welcome(addresses=addresses, var_dir=var_dir, seconds=time.monotonic() - started_at)
        if not quiet:
            _follow(supervisor=supervisor, stack=stack)
        yield f"http://{LOOPBACK}:{port}"


def child_environment(*, addresses: Mapping[str, str], var_dir: Path, port: int) -> dict[str, str]:
    """Return what every process of the product gets to know."""
    # The path as it was called, not resolved: the programs beside a virtual environment's Python belong to it.
    programs = Path(sys.executable).parent
    return {
        "ENVIRONMENT": "development",
        **os.environ,
        **addresses,
        "HOST": LOOPBACK,
        "PORT": str(port),
        "VAR_DIR": str(var_dir),
        "PATH": f"{programs}:{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
    }


def wait_until_ready(*, supervisor: Supervisor, name: str, port: int, path: str, seconds: float) -> None:
    """Wait until a page answers 200. Raises StartError with the tail of the log that explains why it does not."""
    deadline = time.monotonic() + seconds
    answer = _ask(port=port, path=path)
    while not answer.startswith("200 "):
        if time.monotonic() > deadline or supervisor.exits(name) >= HOPELESS_EXITS:
            raise StartError(_explain(supervisor=supervisor, name=name, path=path, answer=answer))
        time.sleep(0.1)
        answer = _ask(port=port, path=path)


def _read_port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise StartError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def _check_port(port: int) -> None:
    if not is_free(port):
        other = next((number for number in range(port + 1, port + 100) if is_free(number)), free_port())
        raise StartError(f"Port {port} is taken by another program. Choose another: PORT={other} bin/dev")


def _site_url(port: int) -> str:
    site_url = os.environ.get("SITE_URL", "")
    # An address of this machine follows PORT; any other is a tunnel or proxy that somebody chose.
    if not site_url or any(name in site_url for name in ("//127.0.0.1", "//localhost")):
        return f"http://{LOOPBACK}:{port}"
    return site_url


def _processes(stand_ins: Sequence[StandIn]) -> dict[str, str | list[str]]:
    """The process lines of the Procfile in the order of starting, after what stands in."""
    lines = read_procfile(ROOT / "Procfile")
    lines.pop("release", None)
    processes: dict[str, str | list[str]] = {stand_in.name: stand_in.command for stand_in in stand_ins}
    for name in sorted(lines, key=lambda name: START_ORDER.index(name) if name in START_ORDER else -1):
        processes[name] = lines[name]
    return processes


def _start(
    *,
    supervisor: Supervisor,
    environment: Mapping[str, str],
    interruption: Interruption,
    port: int,
    stand_ins: Sequence[StandIn],
) -> None:
    for stand_in in stand_ins:
        supervisor.start(stand_in.name)
    say("Preparing the database ...")
    release_line = read_procfile(ROOT / "Procfile")["release"]
    _run_line(line=release_line, log=supervisor.log("release"), environment=environment, interruption=interruption)
    say("Starting web, workers and beat ...")
    # The demo rows are written while the web process, the longest to come up, already does.
    supervisor.start("web")
    lines = [SEED_LINE, *(stand_in.prepare_line for stand_in in stand_ins if stand_in.prepare_line)]
    log = supervisor.log("seed")
    _run_line(line=" && ".join(lines), log=log, environment=environment, interruption=interruption)
    supervisor.start_all()
    with interruption.heard():
        for each in stand_ins:
            wait_until_ready(supervisor=supervisor, name=each.name, port=each.port, path=each.health_path, seconds=20)
        wait_until_ready(supervisor=supervisor, name="web", port=port, path="/readyz", seconds=READY_SECONDS)


def _run_line(*, line: str, log: Path, environment: Mapping[str, str], interruption: Interruption) -> None:
    """Run a shell line to its end, all of it ended when we are interrupted. Raises StartError when it fails."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            ["/bin/sh", "-c", line],
            cwd=ROOT,
            env={**environment, ownership.MARKER: environment["VAR_DIR"]},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        # Heard only from here: between the start and the `try` there would be nobody to end it.
        try:
            with interruption.heard():
                code = process.wait()
        except BaseException:
            ownership.signal_group(leader_pid=process.pid, number=signal.SIGKILL)
            process.wait()
            raise
    if code != 0:
        raise StartError(f"`{line}` failed with {code}. The end of {log}:\n\n{tail(log)}")


def _ask(*, port: int, path: str) -> str:
    """The status and the beginning of the answer, or why there is none."""
    # http.client knows no proxies: this is a loopback address whatever http_proxy says.
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=3)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return f"{response.status} {response.read(500).decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({error})"
    finally:
        connection.close()


def _explain(*, supervisor: Supervisor, name: str, path: str, answer: str) -> str:
    """The answer, and the logs of the process that gave it and of those that keep ending."""
    names = dict.fromkeys([name, *(other for other in supervisor.names() if supervisor.exits(other))])
    logs = "".join(f"\n\nThe end of {supervisor.log(each)}:\n\n{tail(supervisor.log(each))}" for each in names)
    return f"{path} of {name} does not answer 200 but: {answer}{logs}"


def _follow(*, supervisor: Supervisor, stack: contextlib.ExitStack) -> None:
    names = supervisor.names()

    def restart(concerned: list[str]) -> None:
        say(f"Code changed: restarting {', '.join(concerned)}.")
        supervisor.restart(concerned)

    follower = LogFollower({name: supervisor.log(name) for name in names})
    reloader = Reloader(root=ROOT, processes=names, restart=restart)
    for part in (follower, reloader):
        part.start()
        stack.callback(part.stop)


def _welcome(*, addresses: Mapping[str, str], var_dir: Path, seconds: float) -> None:
    base_url = addresses["SITE_URL"]
    payments = addresses.get("STRIPE_API_BASE") or "Stripe itself, as .env says"
    say(
        f"""
Ready after {seconds:.1f} s: {base_url}

  customer   demo@keel.local / demo-password
  staff      staff@keel.local / staff-password   {base_url}/admin/
  mail       {base_url}/dev/mailbox/
  payments   {payments}
  logs       {var_dir / "logs"}

Ctrl-C stops everything.
"""
    )


if __name__ == "__main__":
    sys.exit(main())
