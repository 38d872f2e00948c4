"""The long run: thousands of things at random while processes are killed, and the books are right afterwards."""

import random
import subprocess
import sys
import time

import psycopg
import pytest

from dev.run import ROOT
from tests.billing.steps import CLOCK
from tests.product import wait_for

OPERATIONS, SEED = 10_000, 20_261_121
KILLED = ["worker_default", "web", "trade"]
OPEN = "SELECT count(*) FROM billing_webhookevent WHERE status IN ('received', 'processing')"
FAILED = "SELECT stripe_id, type, error FROM billing_webhookevent WHERE status = 'failed'"


class Trade:
    """A child that trades until so many things are done; whoever kills it finds another one in its place."""

    def __init__(self, product, path):
        self.product, self.path, self.starts, self.child = product, path, 0, None
        path.write_text("")

    @property
    def done(self):
        return self.path.stat().st_size

    def keep_going(self):
        if self.child is None or self.child.poll() is not None:
            assert self.child is None or self.child.returncode in (0, -9), self.path.with_suffix(".log").read_text()
            command = [sys.executable, "-m", "tests.faults.trade", f"{SEED}-{self.starts}", str(OPERATIONS - self.done)]
            self.starts += 1
            with self.path.open("ab") as dots, self.path.with_suffix(".log").open("ab") as log:
                self.child = subprocess.Popen(command, cwd=ROOT, env=self.product.environment, stdout=dots, stderr=log)

    def go_on_to(self, number):
        while self.done < min(number, OPERATIONS):
            self.keep_going()
            time.sleep(0.1)

    def kill(self):
        self.child.kill()
        self.child.wait()


@pytest.mark.long
@pytest.mark.timeout(3 * 3600)
def test_after_ten_thousand_things_and_many_kills_the_books_are_right(product, tmp_path):
    with psycopg.connect(product.owner_url) as connection:
        connection.execute(CLOCK)
    product.stripe.settings(duplicates=1, reorder_seconds=2, drop_share=0.1, seed=SEED)
    trade, chance = Trade(product, tmp_path / "trade"), random.Random(SEED)
    while trade.done < OPERATIONS:
        trade.go_on_to(trade.done + chance.randint(20, 120))
        victim = chance.choice(KILLED)
        trade.kill() if victim == "trade" else product.kill(victim)
    product.wait_until_ready()
    product.stripe.settings(duplicates=None, reorder_seconds=None, drop_share=None)
    settle(product)

    assert product.rows(FAILED) == [], SEED
    product.run(f"{sys.executable} manage.py prove_ledger")
    product.run(f"{sys.executable} manage.py reconcile_stripe")


def settle(product):
    """Have everything heard of that was lost, and done what waits."""
    product.stripe.settle(seconds=300)
    with psycopg.connect(product.owner_url) as connection:
        # Stripe's clock has run ahead: a walk from our today hears of everything.
        connection.execute("UPDATE billing_watermark SET read_until = now() - interval '30 days'")
    product.run(f"{sys.executable} manage.py shell -c 'from apps.billing.tasks import catch_up; catch_up()'")
    wait_for(lambda: product.value(OPEN) == 0, seconds=900)
