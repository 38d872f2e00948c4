"""A thousand starts at once, from four processes, at a budget that is good for ten of them."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter

import httpx2
import pytest
import redis
import yaml

from apps.generation.catalogue import CATALOGUE_PATH
from dev.procfile import read_procfile
from dev.run import ROOT
from dev.services.ports import LOOPBACK
from tests.plans import write_plans
from tests.product import wait_for

# The test's own and the default one wait for rings.
WORKERS = 2
PROCESSES, STARTS, GOOD_FOR, PEOPLE = 4, 1_000, 10, 6
# It has a price. Whoever calls it here reaches a model that writes for as long as it may, so that no run ends before
# all have tried.
MODEL, WRITER = "gpt-4o", "keel-trickle"
SPENDERS = [sys.executable, "-m", "tests.faults.spenders"]
BUDGET = "INSERT INTO generation_budget (scope, subject, period, amount_usd_micros, updated_at)"
BUDGET += " VALUES ('all', '', 'day', %s, now()) RETURNING id"
USED_TODAY = "SELECT coalesce(sum(cost_usd_micros), 0)::bigint FROM usage_dailyusage WHERE day = CURRENT_DATE"
RUNS = f"FROM generation_generation WHERE request_model = '{MODEL}' AND status"


@pytest.fixture(scope="module")
def environment(shared_product, tmp_path_factory):
    """The product's, with a model that costs something, and time for all to try."""
    folder = tmp_path_factory.mktemp("budgets")
    models = yaml.safe_load(CATALOGUE_PATH.read_text())
    priced = {"name": MODEL, "provider": "openai", "model": WRITER}
    models["models"] = [one for one in models["models"] if one["name"] != MODEL] + [priced]
    (folder / "models.yaml").write_text(yaml.safe_dump(models))
    return shared_product.environment | {
        "MODELS_FILE": str(folder / "models.yaml"),
        "OPENAI_EXTRA_MODELS": f"{MODEL},{WRITER}",
        "GENERATION_DEADLINES": "queue=120;first_token=30;idle=30;total=120",
    }


@pytest.fixture(scope="module")
def people(shared_product, environment):
    """People with credits, and what one start of theirs reserves; no worker meanwhile."""
    shared_product.wait_until_ready()
    shared_product.supervisor.stop(["worker_generation"])
    said = subprocess.run(
        [*SPENDERS, "prepare", str(PEOPLE)], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    yield json.loads(said.stdout.splitlines()[-1])
    shared_product.supervisor.start("worker_generation")


@pytest.fixture(scope="module")
def worker(shared_product, environment, people):
    """A worker that knows the model, too."""
    line = "exec " + read_procfile(ROOT / "Procfile")["worker_generation"]
    started = subprocess.Popen(["sh", "-c", line], env=environment, cwd=ROOT, start_new_session=True)
    waiting = redis.Redis.from_url(shared_product.services.valkey.url())
    wait_for(lambda: sum(one["cmd"] == "brpop" for one in waiting.client_list()) >= WORKERS, seconds=40)
    yield
    os.killpg(started.pid, signal.SIGTERM)
    started.wait(20)


@pytest.fixture
def stopped(product):
    """What runs is stopped afterwards, and there is no budget."""
    yield
    product.rows("UPDATE generation_generation SET cancel_requested_at = now() WHERE status = 'running' RETURNING id")
    wait_for(lambda: product.value(f"SELECT count(*) = 0 {RUNS} IN ('queued', 'running')"), seconds=40)
    product.rows("DELETE FROM generation_budgetslice RETURNING id")
    product.rows("DELETE FROM generation_budget RETURNING id")


@pytest.mark.usefixtures("worker", "stopped")
@pytest.mark.parametrize("is_emptied", [False, True], ids=["", "redis emptied"])
def test_a_thousand_starts_at_a_workspaces_budget_for_ten_are_ten_calls(
    product, environment, people, is_emptied, tmp_path
):
    limits = {"daily_budget_usd_micros": GOOD_FOR * people["one"]}
    of_them = environment | {"PLANS_FILE": write_plans(tmp_path / "plans.yaml", free=limits)}

    require_ten_calls(
        product, of_them, [people["members"][is_emptied]], is_emptied=is_emptied, code="plan_limit_budget"
    )


@pytest.mark.usefixtures("worker", "stopped")
@pytest.mark.parametrize("is_emptied", [False, True], ids=["", "redis emptied"])
def test_a_thousand_starts_of_many_at_a_budget_of_all_for_ten_are_ten_calls(product, environment, people, is_emptied):
    product.rows(BUDGET, product.value(USED_TODAY) + GOOD_FOR * people["one"])

    require_ten_calls(product, environment, people["members"], is_emptied=is_emptied, code="budget_exhausted")


def require_ten_calls(product, environment, members, *, is_emptied: bool, code: str) -> None:
    """Let them start a thousand times, and count by the model server's own count."""
    calls_before = calls_so_far(product)

    answers = spend(product, environment, members, is_emptied=is_emptied)
    wait_for(lambda: product.value(f"SELECT count(*) = 0 {RUNS} = 'queued'"), seconds=40)
    wait_for(lambda: calls_so_far(product) - calls_before >= GOOD_FOR, seconds=10)

    assert product.value(f"SELECT count(*) {RUNS} = 'running'") == GOOD_FOR
    assert calls_so_far(product) - calls_before == GOOD_FOR
    assert (answers["Generation"], answers.total()) == (GOOD_FOR, STARTS)
    # On a busy machine a few wait for too long.
    assert answers.keys() <= {"Generation", code, "unavailable"}


def spend(product, environment, members, *, is_emptied: bool) -> Counter[str]:
    """Let four processes start at once; return all their answers."""
    line = [*SPENDERS, "spend", str(STARTS // PROCESSES), ",".join(map(str, members))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    spenders = [subprocess.Popen(line, env=environment, cwd=ROOT, **pipes) for _ in range(PROCESSES)]
    for spender in spenders:
        assert "ready\n" in iter(spender.stdout.readline, "")
    for spender in spenders:
        spender.stdin.write("go\n")
        spender.stdin.flush()
    if is_emptied:
        wait_for(lambda: product.value(f"SELECT count(*) >= {GOOD_FOR // 2} {RUNS} = 'running'"), seconds=30)
        redis.Redis.from_url(product.services.valkey.url()).flushall()
    said = [spender.communicate(timeout=100)[0].splitlines()[-1] for spender in spenders]
    return sum((Counter(json.loads(one)) for one in said), Counter())


def calls_so_far(product) -> int:
    """Return how many calls the model server has ever had, by its own count."""
    journal = httpx2.get(f"http://{LOOPBACK}:{product.model_port}/journal", timeout=10).json()
    return int(journal["totals"]["calls"])
