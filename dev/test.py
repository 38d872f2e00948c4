"""`python -m dev.test [pytest arguments]`: pytest with real services and the local model server beside it.

The whole suite runs in three processes on two cores, since tests of faults mostly wait, each with services of its own;
anything less, and debugging, runs in one.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.interruption import Interrupted, Interruption
from dev.run import ROOT, StartError, child_environment, wait_until_ready
from dev.services import Services, ServicesError
from dev.services.ports import free_port
from dev.stand_ins import model_server
from dev.supervisor import Supervisor

# The product of the browser tests takes some of it to end.
_INTERRUPTED_GRACE_SECONDS = 30
# As pytest-xdist calls its processes.
PROCESSES = ("gw0", "gw1", "gw2")
IN_PROCESSES = ["-p", "dev.test_processes", "-n", str(len(PROCESSES)), "--no-loadscope-reorder"]
# With nothing but these the whole suite is asked for.
_OF_THE_WHOLE_SUITE = {"-q", "-v", "-x"}


def main(arguments: list[str]) -> int:
    """Run pytest with these arguments and return its exit code; its closing line is the last one printed."""
    interruption = Interruption()
    try:
        return _run(arguments=arguments, interruption=interruption)
    except Interrupted:
        return 130
    except (ServicesError, StartError) as error:
        print(f"\nbin/test: {error}", file=sys.stderr)
        return 1


def runs_in_processes(*, arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether the whole suite is asked for; processes cannot share a database or Redis that was given."""
    whole = all(argument in _OF_THE_WHOLE_SUITE or argument.startswith("--durations") for argument in arguments)
    return whole and not (environment.get("DATABASE_URL") or environment.get("REDIS_URL"))


def _run(*, arguments: list[str], interruption: Interruption) -> int:
    var_dir = Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve()
    test_dir = var_dir / "test"
    with contextlib.ExitStack() as stack:
        if not runs_in_processes(arguments=arguments, environment=os.environ):
            environment = _start(folder=test_dir, var_dir=var_dir, stack=stack, interruption=interruption)
            return _run_pytest(arguments=arguments, environment=environment, interruption=interruption)
        folders = [test_dir / name for name in PROCESSES]
        started = [_start(folder=each, var_dir=each, stack=stack, interruption=interruption) for each in folders]
        arguments = [*IN_PROCESSES, *arguments]
        return _run_pytest(arguments=arguments, environment=started[0], interruption=interruption)


def _start(*, folder: Path, var_dir: Path, stack: contextlib.ExitStack, interruption: Interruption) -> dict[str, str]:
    """Start services and a model server below a folder; return the environment of tests that use them."""
    services = Services(folder, environment=os.environ, durable=False)
    models = model_server(free_port())
    stack.callback(services.stop)
    # Tests never spend money: the local model server answers, whatever OPENAI_BASE_URL says.
    addresses = services.start() | models.addresses
    port = int(os.environ.get("PORT") or free_port())
    environment = child_environment(addresses=addresses, var_dir=var_dir, port=port)
    services.publish(addresses | {name: environment[name] for name in ("PORT", "VAR_DIR")})
    supervisor = Supervisor(
        environment=environment, var_dir=folder, processes={models.name: models.command}, folder=ROOT
    )
    stack.callback(supervisor.stop_all)
    supervisor.start_all()
    with interruption.heard():
        wait_until_ready(supervisor=supervisor, name=models.name, port=models.port, path=models.health_path, seconds=20)
    return environment


def _run_pytest(*, arguments: list[str], environment: Mapping[str, str], interruption: Interruption) -> int:
    """Run pytest in the terminal's own process group: Ctrl-C reaches it directly, and it prints its summary."""
    process = subprocess.Popen([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, env=environment)
    try:
        with interruption.heard():
            return process.wait()
    except Interrupted:
        try:
            return process.wait(timeout=_INTERRUPTED_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.terminate()
            return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
