"""The product out of the image, with the settings of production, beside services of its own."""

import contextlib
import subprocess
import time
from collections.abc import Iterator, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx2

from dev.procfile import read_procfile
from dev.run import ROOT, child_environment
from dev.services import Services
from dev.services.ports import LOOPBACK, free_port
from dev.stand_ins import model_server
from dev.supervisor import Supervisor
from tests.box.image import Image
from tests.product import wait_for

EMAIL, PASSWORD, HOST = "founder@keel.example", "a long password of hers", "keel.example"
SIGN_UP = f"""
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from apps.accounts import consent
from apps.accounts.models import User
from apps.accounts.services import create_personal_workspace
from apps.core.db import system_scope
with system_scope():
    user = User.objects.create_user("{EMAIL}", "{PASSWORD}")
    create_personal_workspace(user=user)
    consent.give(user=user)
    address = EmailAddress.objects.create(user=user, email="{EMAIL}", verified=True, primary=True)
    email_confirmed.send(sender=EmailAddress, request=None, email_address=address)
"""


class Boxed:
    """Every process of the Procfile, in a container of the image."""

    def __init__(self, *, image: Image, var_dir: Path) -> None:
        self.image, self.services = image, Services(var_dir, durable=False)
        self.port, self.model_port = free_port(), free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Boxed":
        # Also what a killed run has left.
        self.services.erase()
        self._stack.callback(self.services.erase)
        addresses = self.services.start()
        self.environment = self._production(addresses)
        self._stack.callback(self.image.remove_containers)
        self.container = self.image.container()
        self.release_output = self.run("release")
        self.run("python", "manage.py", "shell", "-c", SIGN_UP)
        self._start_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def run(self, *words: str, environment: Mapping[str, str] | None = None, succeeds: bool = True) -> str:
        """Run a command in a container to its end, through the image's own entry, and return what it said."""
        command = self._command(*words, environment=environment)
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode == 0) is succeeds, done.stdout + done.stderr
        return done.stdout + done.stderr

    def log(self, name: str) -> str:
        """Return what a process has written so far."""
        return self.supervisor.log(name).read_text()

    def person(self, *, base_url: str | None = None) -> httpx2.Client:
        """Return a logged-in customer: behind a proxy at this address, or as if one had ended the TLS."""
        client = visitor(base_url or self.url)
        client.get("/accounts/login/")
        form = {"login": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": token_of(client)}
        answer = client.post("/accounts/login/", data=form)
        assert answer.status_code == 302, answer.text
        return client

    def _production(self, addresses: Mapping[str, str]) -> dict[str, str]:
        return {
            **{name: addresses[name] for name in ("DATABASE_URL", "REDIS_URL")},
            "MIGRATION_DATABASE_URL": addresses["MIGRATION_DATABASE_URL"],
            "SECRET_KEY": "e2b7Xq9vLm4Rz8TnKc6WpYh3Jd5Fs1Ga0UoIiBeNxCvMzQwErTyUl",
            "SITE_URL": f"https://{HOST}",
            "ALLOWED_HOSTS": HOST,
            "DEFAULT_FROM_EMAIL": f"hello@{HOST}",
            "EMAIL_URL": f"smtp://{LOOPBACK}:1",
            "TRUSTED_PROXY_COUNT": "1",
            "OPENAI_BASE_URL": f"http://{LOOPBACK}:{self.model_port}/v1",
            "OPENAI_API_KEY": "local",
            "OPENAI_MODEL": "keel-demo",
            "PORT": str(self.port),
        }

    def _command(self, *words: str, environment: Mapping[str, str] | None = None) -> list[str]:
        variables = self.environment if environment is None else environment
        # buildah leaves the entry of the image to whoever runs it.
        return self.image.command(self.container, "bin/process", *words, environment=variables)

    def _start_all(self) -> None:
        names = [name for name in read_procfile(ROOT / "Procfile") if name != "release"]
        processes: dict[str, Any] = {"model_server": model_server(self.model_port).command}
        processes |= {name: self._command(name) for name in names}
        var_dir = self.services.var_dir
        environment = child_environment(addresses={}, var_dir=var_dir, port=self.port)
        self.supervisor = Supervisor(
            environment=environment, var_dir=var_dir, processes=processes, folder=ROOT, report=print
        )
        self._stack.callback(self.supervisor.stop_all, last=["model_server"])
        self.supervisor.start_all()
        wait_for(lambda: httpx2.get(f"{self.url}/readyz").status_code == 200, seconds=60)


def visitor(base_url: str) -> httpx2.Client:
    """Return somebody with a browser who knows the product by its name; cookies that want TLS are sent all the same."""
    jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
    headers = {"Host": HOST, "X-Forwarded-Proto": "https", "Referer": f"https://{HOST}/"}
    client = httpx2.Client(base_url=base_url, headers=headers, cookies=jar, timeout=30, verify=False)
    client.event_hooks["request"].append(lambda request: request.extensions.update(sni_hostname=HOST))
    return client


def token_of(client: httpx2.Client) -> str:
    """Return the token of the CSRF cookie that production sets."""
    return str(client.cookies["__Host-csrftoken"])


def start_generation(client: httpx2.Client, *, key: str, model: str = "keel-demo") -> str:
    """Start a generation as a program would, and return its id."""
    body = {"template": "product-announcement", "model": model}
    body["inputs"] = {"product": "Tide", "details": "Tidal power for villages.", "tone": "Friendly"}
    headers = {"Idempotency-Key": key, "X-CSRFToken": token_of(client)}
    answer = client.post("/api/v1/generations/", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def arrivals(client: httpx2.Client, path: str, *, seconds: float = 40) -> Iterator[tuple[float, str]]:
    """Yield the pieces of a stream with the second in which each arrived."""
    with client.stream("GET", path, timeout=seconds) as response:
        assert response.status_code == 200, response.status_code
        for piece in response.iter_text():
            yield time.monotonic(), piece
