"""Settling: how many generations end in a second, with budgets and rollups and without them?

Eight processes settle generations of many workspaces through the product's own code, each on a connection of its own,
in rounds by turns: as the product does it, and without writing the rollups that quotas and budgets are read from. What
a run reserves ends with its hold and costs nothing of its own. Services of its own are started for it.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

import yaml

from dev.run import ROOT, child_environment
from dev.services import Services

CONNECTIONS, ROUNDS, PER_ROUND = 8, 6, 100
RATIO_MIN = 0.6
SETUP = ["manage.py migrate --no-input --verbosity 0", "manage.py sync_catalogue"]
WORKER = [sys.executable, "-m", "dev.bench._settling_worker"]


def main(arguments: list[str]) -> int:
    """Print settles per second of each kind, and the ratio of their medians. Returns 1 if it is below the target."""
    services = Services(Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve() / "bench", environment=os.environ)
    addresses = services.start() | {"OPENAI_API_KEY": "local", "OPENAI_MODEL": "gpt-4o"}
    addresses |= {"DJANGO_SETTINGS_MODULE": "config.settings.dev", "PLANS_FILE": _unlimited_plans(services.var_dir)}
    addresses |= {"GENERATION_LIMITS": "user=1000000;workspace=1000000;address=1000000"}
    try:
        environment = child_environment(addresses=addresses, var_dir=services.var_dir, port=0)
        environment |= addresses
        for line in SETUP:
            subprocess.run(
                [sys.executable, *line.split()], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
            )
        rates = measure(environment)
    finally:
        services.stop()
    ratio = statistics.median(rates["with"]) / statistics.median(rates["without"])
    for kind, measured in rates.items():
        print(f"{kind:8}", *(f"{rate:7.0f}" for rate in measured), "settles a second")
    print(f"ratio of the medians {ratio:.2f}, target >= {RATIO_MIN}; {CONNECTIONS} connections, {os.cpu_count()} cores")
    return 0 if ratio >= RATIO_MIN else 1


def measure(environment: dict[str, str]) -> dict[str, list[float]]:
    """Return settles per second of each round, with and without, by turns."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    workers = [subprocess.Popen(WORKER, cwd=ROOT, env=environment, **pipes) for _ in range(CONNECTIONS)]  # type: ignore[call-overload]
    rates: dict[str, list[float]] = {"with": [], "without": []}
    for number in range(ROUNDS):
        kind = "without" if number % 2 else "with"
        for worker in workers:
            _tell(worker, f"prepare {PER_ROUND}")
        begins_and_ends = [worker.stdout.readline() for worker in workers]
        assert all(said == "ready\n" for said in begins_and_ends), begins_and_ends
        for worker in workers:
            _tell(worker, f"settle {kind}")
        times = [tuple(map(float, worker.stdout.readline().split())) for worker in workers]
        seconds = max(end for _begin, end in times) - min(begin for begin, _end in times)
        rates[kind].append(CONNECTIONS * PER_ROUND / seconds)
    for worker in workers:
        worker.stdin.close()
        worker.wait()
    return rates


def _tell(worker: subprocess.Popen[str], line: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(line + "\n")
    worker.stdin.flush()


def _unlimited_plans(folder: Path) -> str:
    """Write the plans without limits, so that as many can be started as are to be settled; return where."""
    content = yaml.safe_load((ROOT / "apps" / "billing" / "plans.yaml").read_text(encoding="utf-8"))
    for plan in content["plans"]:
        plan["limits"] = {}
    path = folder / "plans.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)
