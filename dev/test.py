"""`python -m dev.test [pytest arguments]`: pytest with real services and the local model server beside it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dev.interruption import Interrupted, Interruption
from dev.run import (
    MODEL_SERVER,
    ROOT,
    StartError,
    child_environment,
    model_server_addresses,
    model_server_command,
    wait_until_ready,
)
from dev.services import Services, ServicesError
from dev.services.ports import free_port
from dev.supervisor import Supervisor

_INTERRUPTED_GRACE_SECONDS = 10


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


def _run(*, arguments: list[str], interruption: Interruption) -> int:
    var_dir = Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve()
    test_dir = var_dir / "test"
    services = Services(test_dir, environment=os.environ)
    model_port = free_port()
    with contextlib.ExitStack() as stack:
        stack.callback(services.stop)
        # Tests never spend money: the local model server answers, whatever OPENAI_BASE_URL says.
        addresses = services.start() | model_server_addresses(model_port)
        port = int(os.environ.get("PORT") or free_port())
        environment = child_environment(addresses=addresses, var_dir=var_dir, port=port)
        processes = {MODEL_SERVER: model_server_command(model_port)}
        supervisor = Supervisor(environment=environment, var_dir=test_dir, processes=processes, folder=ROOT)
        stack.callback(supervisor.stop_all)
        supervisor.start_all()
        with interruption.heard():
            wait_until_ready(supervisor=supervisor, name=MODEL_SERVER, port=model_port, path="/healthz", seconds=20)
        return _run_pytest(arguments=arguments, environment=environment, interruption=interruption)


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
