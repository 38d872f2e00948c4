"""Row-level security: what do the same reads cost with the wall and without it?

The app role is bound by the policies, the owner of the tables is not; both send the same statements in the same kind of
transaction to the same database. Services of its own are started for it.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from dev.run import ROOT, child_environment
from dev.services import Services

ROUNDS, PER_ROUND = 15, 200
RATIO_MAX = 1.25
READS = {
    "balance": "SELECT balance, held, debt FROM billing_creditaccount WHERE workspace_id = %(workspace)s",
    "ledger page": "SELECT * FROM billing_ledgerentry WHERE account_id = %(workspace)s ORDER BY position DESC LIMIT 51",
    "history page": "SELECT id FROM generation_generation WHERE workspace_id = %(workspace)s AND deleted_at IS NULL"
    " ORDER BY id DESC LIMIT 26",
    "one generation": "SELECT * FROM generation_generation WHERE workspace_id = %(workspace)s AND id = %(generation)s",
    "its attempts": "SELECT * FROM generation_attempt WHERE generation_id = %(generation)s",
}
SETUP = ["manage.py migrate --no-input --verbosity 0", "manage.py sync_catalogue", "manage.py seed_demo"]
SETUP += ["-m dev.sample_data"]
BUSIEST = """
    SELECT workspace_id AS workspace, (array_agg(id))[1] AS generation FROM generation_generation
     GROUP BY workspace_id ORDER BY count(*) DESC LIMIT 1
"""


def main(arguments: list[str]) -> int:
    """Print the ratio of the medians for each read. Returns 1 if one is above the target."""
    services = Services(Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve() / "bench", environment=os.environ)
    addresses = services.start() | {"OPENAI_API_KEY": "local", "OPENAI_MODEL": "keel-demo"}
    addresses |= {"DJANGO_SETTINGS_MODULE": "config.settings.dev"}
    try:
        environment = child_environment(addresses=addresses, var_dir=services.var_dir, port=0)
        for line in SETUP:
            subprocess.run(
                [sys.executable, *line.split()], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
            )
        ratios = measure(app_url=addresses["DATABASE_URL"], owner_url=addresses["MIGRATION_DATABASE_URL"])
    finally:
        services.stop()
    print(f"{'read':16}{'us with':>10}{'us without':>12}{'ratio':>8}")
    for name, (bound, free) in ratios.items():
        print(f"{name:16}{bound:10.0f}{free:12.0f}{bound / free:8.2f}")
    print(f"target: ratio <= {RATIO_MAX}, medians of {ROUNDS} rounds")
    return 0 if all(bound / free <= RATIO_MAX for bound, free in ratios.values()) else 1


def measure(*, app_url: str, owner_url: str) -> dict[str, tuple[float, float]]:
    """Return microseconds per read for the app role and the owner, in rounds by turns."""
    with psycopg.connect(owner_url, autocommit=True) as owner, psycopg.connect(app_url, autocommit=True) as app:
        owner.execute("VACUUM ANALYZE")
        row = owner.execute(BUSIEST).fetchone()
        assert row is not None
        known = dict(zip(("workspace", "generation"), row, strict=True))
        taken: dict[str, dict[str, list[float]]] = {name: {"app": [], "owner": []} for name in READS}
        for _ in range(ROUNDS):
            for name, sql in READS.items():
                taken[name]["app"].append(read(app, sql, known))
                taken[name]["owner"].append(read(owner, sql, known))
    return {name: (statistics.median(of["app"]), statistics.median(of["owner"])) for name, of in taken.items()}


def read(connection: psycopg.Connection, sql: str, known: dict[str, object]) -> float:
    """Read so many times, each in a transaction with a scope; return microseconds per read."""
    started_at = time.perf_counter()
    for _ in range(PER_ROUND):
        with connection.transaction():
            connection.execute("SELECT set_config('keel.scope', %s, true)", [str(known["workspace"])])
            connection.execute(sql, known).fetchall()
    return (time.perf_counter() - started_at) / PER_ROUND * 1e6
