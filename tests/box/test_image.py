"""The image: what is in it, who runs in it, and the product of production running out of it."""

import json
import re
from itertools import pairwise

import httpx2
import pytest

from tests.box.boxed import HOST, arrivals, start_generation
from tests.product import wait_for

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


def test_the_image_says_how_it_is_run(image):
    said = image.configuration()

    assert (said["User"], said["Entrypoint"], said["Cmd"]) == ("10001:10001", ["bin/process"], ["web"])
    assert "/healthz" in said["Healthcheck"]["Test"][-1]
    assert said["StopSignal"] in {"SIGTERM", "15"}
    assert said["Labels"]["org.opencontainers.image.revision"] == "test"


def test_a_process_is_nobody_special_and_writes_to_tmp_alone(boxed):
    script = "id -u; touch /tmp/here && echo wrote; touch /app/here 2>&1; touch /venv/here 2>&1; true"

    said = boxed.run("sh", "-c", script)

    assert said.startswith("10001\nwrote\n")
    assert said.count("Permission denied") == 2


def test_neither_compilers_nor_secrets_nor_a_laptop_are_in_the_image(boxed):
    found = boxed.run("sh", "-c", "which cc gcc make git; ls -a", succeeds=True)

    names = set(found.split())
    assert {"apps", "config", "manage.py", "staticfiles", "Procfile"} <= names
    assert not names & {"dev", "tests", "docs", ".git", ".env", "app.env", "var", ".venv", "Dockerfile"}
    assert "/bin/" not in found.replace("bin/process", "")


def test_an_unfit_setting_stops_a_process_with_its_name(boxed):
    said = boxed.run("web", environment=boxed.environment | {"SECRET_KEY": "change-me"}, succeeds=False)

    assert "SECRET_KEY must be 50 random characters" in said


def test_the_release_makes_the_database_and_the_catalogue(boxed):
    assert "Applying billing.0001_initial... OK" in boxed.release_output
    assert "No migrations to apply" in boxed.run("release")


def test_the_deployment_checks_find_nothing_in_the_image(boxed):
    said = boxed.run("python", "manage.py", "check", "--deploy", "--database", "owner", "--fail-level", "ERROR")

    assert "no issues" in said


def test_a_probe_comes_by_address_without_tls(boxed):
    assert httpx2.get(f"{boxed.url}/healthz").text == "ok\n"
    assert httpx2.get(f"{boxed.url}/readyz").json()["database"] == "ok"


def test_pages_want_tls_and_the_right_host(boxed):
    plain = httpx2.get(f"{boxed.url}/accounts/login/", headers={"Host": HOST})
    foreign = httpx2.get(f"{boxed.url}/accounts/login/", headers={"X-Forwarded-Proto": "https", "Host": "evil.example"})

    assert (plain.status_code, plain.headers["location"]) == (301, f"https://{HOST}/accounts/login/")
    assert foreign.status_code == 400


def test_files_are_compressed_and_kept_for_good(boxed):
    person = boxed.person()
    (path,) = set(re.findall(r'href="(/static/css/app\.[0-9a-f]+\.css)"', person.get("/generations/new/").text))
    answer = person.get(path, headers={"Accept-Encoding": "br"})

    assert answer.headers["cache-control"] == "max-age=315360000, public, immutable"
    assert answer.headers["content-encoding"] == "br"


def test_a_generation_is_streamed_and_settled(boxed):
    person = boxed.person()
    generation = start_generation(person, key="from-the-box")
    pieces = list(arrivals(person, f"/generations/{generation}/stream/"))
    wait_for(lambda: person.get(f"/api/v1/generations/{generation}/").json()["charged_credits"], seconds=10)
    ended = person.get(f"/api/v1/generations/{generation}/").json()

    assert ended["status"] == "succeeded"
    assert "event: done" in "".join(text for _, text in pieces)
    assert len(pieces) > 5
    assert max(later - earlier for (earlier, _), (later, _) in pairwise(pieces)) < 5


@pytest.mark.parametrize("name", ["web", "worker_generation", "worker_default", "beat"])
def test_a_process_writes_json_lines(boxed, name):
    written = [json.loads(line) for line in boxed.log(name).splitlines() if line.startswith("{")]

    assert written
    # Nobody takes mail here, and one test asks for a foreign host.
    alarms = {line["logger"] for line in written if line["level"] in {"error", "critical"}}
    assert alarms <= {"apps.core.mail", "django.security.DisallowedHost"}


def test_the_web_process_writes_nothing_else(boxed):
    assert [line for line in boxed.log("web").splitlines() if not line.startswith("{")] == []
