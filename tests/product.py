"""The whole product under test: its own PostgreSQL, Valkey, model server, web, workers and beat, all our children."""

import contextlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import redis

from dev.procfile import read_procfile
from dev.run import ROOT, child_environment
from dev.services import Services
from dev.services.ports import LOOPBACK, free_port
from dev.stand_ins import STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, model_server, stripe_server
from dev.supervisor import Supervisor
from tests.plans import write_plans
from tests.stripe import StandIn

EMAIL, PASSWORD = "demo@keel.local", "demo-password"
STAFF_EMAIL, STAFF_PASSWORD = "staff@keel.local", "staff-password"
# A worker that starts on a busy machine must still be in time for what waits.
DEADLINES = "queue=20;first_token=4;idle=3;total=30"
# Logins with known passwords are made where DEBUG is on alone, whatever settings the product runs with afterwards.
SEED = f"DJANGO_SETTINGS_MODULE=config.settings.dev {sys.executable} manage.py seed_demo"
COLLECT = f"{sys.executable} manage.py collectstatic --no-input --clear --verbosity 0"
ALL_MODELS = "keel-echo,keel-long,keel-slow-first-token,keel-stall,keel-trickle,keel-endless,keel-demo-fast,keel-cut"
ALL_MODELS += ",keel-hostile"


class Product:
    """Starts everything that a Procfile names beside its own services, and takes it down again."""

    def __init__(self, var_dir: Path, **environment: str) -> None:
        self.services = Services(var_dir, durable=False)
        self.port, self.model_port = free_port(), free_port()
        self.base_url = f"http://{LOOPBACK}:{self.port}"
        self.stripe = StandIn(port=free_port(), secret_key=STRIPE_SECRET_KEY, webhook_secret=STRIPE_WEBHOOK_SECRET)
        self._more = environment
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Product":
        self._stack.callback(self.services.stop)
        stripe = stripe_server(self.stripe.port, site_url=self.base_url, state=None)
        addresses = self.services.start() | {
            **stripe.addresses,
            "SITE_URL": self.base_url,
            "OPENAI_BASE_URL": f"http://{LOOPBACK}:{self.model_port}/v1",
            "OPENAI_API_KEY": "local",
            "OPENAI_MODEL": "keel-demo",
            "OPENAI_EXTRA_MODELS": ALL_MODELS,
            "GENERATION_DEADLINES": DEADLINES,
            "GENERATION_LIMITS": "user=10000;workspace=10000;address=10000",
            "PLANS_FILE": write_plans(self.services.var_dir / "plans.yaml"),
            "EMAIL_URL": f"filemail:///{self.services.var_dir / 'mail'}",
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        }
        self.owner_url = addresses["MIGRATION_DATABASE_URL"]
        var_dir = self.services.var_dir
        self.environment = child_environment(addresses=addresses | self._more, var_dir=var_dir, port=self.port)
        self.environment.update(addresses | self._more)
        lines = read_procfile(ROOT / "Procfile")
        release = lines.pop("release")
        stand_ins = {"model_server": model_server(self.model_port).command, "stripe_server": stripe.command}
        processes = stand_ins | lines
        self.supervisor = Supervisor(
            environment=self.environment, var_dir=var_dir, processes=processes, folder=ROOT, report=print
        )
        self._stack.callback(self.supervisor.stop_all, last=list(stand_ins))
        self._empty()
        for command in (release, SEED, *([COLLECT] if "STATIC_ROOT" in self._more else [])):
            self.run(command)
        self.supervisor.start_all()
        self.wait_until_ready()
        self.run(stripe.prepare_line)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def run(self, command: str) -> str:
        """Run a shell line with the product's environment and return what it said."""
        done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def wait_until_ready(self, *, seconds: float = 40) -> None:
        """Wait until web, model server and the local Stripe answer."""
        for url in (f"{self.base_url}/readyz", f"http://{LOOPBACK}:{self.model_port}/healthz", self.stripe.url):
            wait_for(lambda url=url: _answers(url), seconds=seconds)

    def _empty(self) -> None:
        """Start from nothing, whatever an earlier run left in these services of our own."""
        redis.Redis.from_url(self.services.valkey.url()).flushall()
        shutil.rmtree(self.services.var_dir / "mail", ignore_errors=True)
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
            connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")

    def kill(self, name: str) -> None:
        """Kill one of our processes without warning; the supervisor starts it again."""
        pid = self.supervisor.kill(name)
        self.supervisor.wait_exit(pid=pid)

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the database itself, as its owner."""
        with psycopg.connect(self.owner_url) as connection:
            return connection.execute(sql, parameters).fetchall()

    def value(self, sql: str, *parameters: Any) -> Any:
        """Return the first column of the first row, or None."""
        rows = self.rows(sql, *parameters)
        return rows[0][0] if rows else None

    def calls(self) -> list[dict[str, Any]]:
        """Return what the model server was asked and what it sent."""
        return list(httpx2.get(f"http://{LOOPBACK}:{self.model_port}/journal", timeout=10).json()["calls"])

    def call_of(self, generation_id: str) -> dict[str, Any] | None:
        """Return the last call that the model server got for a generation."""
        request_id = self.value("SELECT request_id FROM generation_generation WHERE id = %s", generation_id)
        calls = [call for call in self.calls() if call["headers"].get("x-request-id") == request_id]
        return calls[-1] if calls else None

    def customer(self) -> "Customer":
        """Return a logged-in customer."""
        return Customer(self)

    @contextlib.contextmanager
    def stopped(self, name: str, *, reason: str, stops_running: bool = False) -> Iterator[None]:
        """Flip a kill switch in the admin for the length of a block, as staff do."""
        staff = Customer(self, email=STAFF_EMAIL, password=STAFF_PASSWORD)
        running = {"stops_running": "on"} if stops_running else {}
        fields = {"name": name, "active": "on", "reason": reason, **running}
        assert staff.submit("/admin/generation/switch/add/", fields=fields).status_code == 302
        pk = self.value("SELECT id FROM generation_switch WHERE name = %s", name)
        try:
            yield
        finally:
            staff.submit(f"/admin/generation/switch/{pk}/delete/", fields={"post": "yes"})


class Customer:
    """A person with a browser, as far as HTTP goes."""

    def __init__(self, product: Product, *, email: str = EMAIL, password: str = PASSWORD) -> None:
        self.product = product
        self.client = httpx2.Client(base_url=product.base_url, timeout=30)
        self.seconds = 0.0  # of the last form that was sent
        answer = self.submit("/accounts/login/", fields={"login": email, "password": password})
        assert answer.status_code == 302, answer.text

    def submit(self, page: str, *, fields: dict[str, str], action: str | None = None) -> httpx2.Response:
        """Send a page's form with its hidden fields."""
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.client.get(page).text))
        headers = {"Referer": self.product.base_url + page}
        answer = self.client.post(action or page, data={**hidden, **fields}, headers=headers)
        self.seconds = answer.elapsed.total_seconds()
        return answer

    def start(self, model: str, text: str = "Tell me about tidal power in three parts.", **fields: str) -> str:
        """Start a generation and return its id."""
        answer = self.submit(
            "/generations/new/?template=product-announcement",
            fields={"product": "Test", "details": text, "tone": "Friendly", "model": model, **fields},
            action="/generations/",
        )
        assert answer.status_code == 302, (answer.status_code, answer.text[:500])
        return str(answer.headers["location"]).split("/")[-2]

    def stop(self, generation_id: str) -> None:
        """Press Stop."""
        page = f"/generations/{generation_id}/"
        self.submit(page, fields={}, action=f"{page}cancellation/")

    def stream(self, generation_id: str, *, after: str = "", timeout: float = 40) -> Iterator[dict[str, str]]:
        """Yield the events of a stream until it ends or the connection does."""
        query = f"?after={after}" if after else ""
        event: dict[str, str] = {}
        url = f"/generations/{generation_id}/stream/{query}"
        with self.client.stream("GET", url, timeout=timeout) as response:
            assert response.status_code == 200, response.status_code
            for line in response.iter_lines():
                if line.startswith(("event: ", "id: ")):
                    name, _colon, value = line.partition(": ")
                    event[name] = value
                elif line.startswith("data: "):
                    event["data"] = f"{event['data']}\n{line[6:]}" if "data" in event else line[6:]
                elif not line and "event" in event:
                    yield event
                    event = {}

    def wait_until_terminal(self, generation_id: str, *, seconds: float = 40) -> str:
        """Return the terminal status of a generation."""
        sql = "SELECT status FROM generation_generation WHERE id = %s AND finished_at IS NOT NULL"
        return str(wait_for(lambda: self.product.value(sql, generation_id), seconds=seconds))

    def wait_until_streaming(self, generation_id: str, *, characters: int = 1, seconds: float = 40) -> None:
        """Wait until the model has sent so much text for this generation."""

        def streaming() -> bool:
            call = self.product.call_of(generation_id)
            return call is not None and len(call["text_sent"]) >= characters

        wait_for(streaming, seconds=seconds)


def wait_for(condition: Any, *, seconds: float) -> Any:
    """Return the first truthy value of a condition. Raises TimeoutError."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        with contextlib.suppress(psycopg.OperationalError, httpx2.HTTPError):
            if value := condition():
                return value
        time.sleep(0.05)
    raise TimeoutError(f"not within {seconds} s")


def _answers(url: str) -> bool:
    return httpx2.get(url, timeout=5).status_code == 200
