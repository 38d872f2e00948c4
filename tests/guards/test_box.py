"""The image, docker-compose.yml, the proxy and CI say what the Procfile, the settings and the documents say."""

import re
import shlex
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from django.conf import settings

from dev.procfile import read_procfile
from tests.guards.source import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
PROCESSES = read_procfile(ROOT / "Procfile")
CADDYFILE = (ROOT / "config" / "proxy" / "Caddyfile").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
OUR_SERVICES = [name for name, service in SERVICES.items() if "build" in service]
SECRETS = {"SECRET_KEY", "OPENAI_API_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "EMAIL_URL", "SENTRY_DSN"}


def seconds(duration: str) -> int:
    """What compose and Caddy write as 10s, 2m or 5m30s."""
    minutes, rest = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", duration).groups()
    return int(minutes or 0) * 60 + int(rest or 0)


def test_every_process_of_the_procfile_is_a_service_and_nothing_else_is():
    assert {SERVICES[name]["command"] for name in OUR_SERVICES} == set(PROCESSES) == set(OUR_SERVICES)


@pytest.mark.parametrize("name", PROCESSES)
def test_the_entry_of_the_image_runs_the_line_of_the_procfile(name, tmp_path):
    (tmp_path / "bin").mkdir()
    entry = shutil.copy(ROOT / "bin" / "process", tmp_path / "bin")
    (tmp_path / "Procfile").write_text("".join(f"{process}: echo {process} is run\n" for process in PROCESSES))

    assert subprocess.check_output([entry, name], text=True) == f"{name} is run\n"
    assert subprocess.check_output([entry, "echo", name], text=True) == f"{name}\n"


def test_a_process_takes_the_place_of_its_entry_so_that_signals_reach_it(tmp_path):
    (tmp_path / "bin").mkdir()
    entry = shutil.copy(ROOT / "bin" / "process", tmp_path / "bin")
    (tmp_path / "Procfile").write_text("web: sleep 60\n")
    process = subprocess.Popen([entry, "web"])

    process.terminate()

    assert process.wait(10) == -15


def test_every_variable_of_the_services_is_in_the_example():
    named = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    read = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    given = {variable for name in OUR_SERVICES for variable in SERVICES[name]["environment"]}

    assert read | given <= named


def test_secrets_come_from_files_alone():
    given = {
        name: str(value) for service in SERVICES.values() for name, value in service.get("environment", {}).items()
    }

    assert not SECRETS & given.keys()
    assert all(SERVICES[name]["env_file"] == "app.env" for name in OUR_SERVICES)
    assert [name for name, value in given.items() if "PASSWORD" in name and not value.startswith("${")] == []
    for name, user in {
        "DATABASE_URL": "keel_app:${APP_PASSWORD",
        "MIGRATION_DATABASE_URL": "keel_owner:${OWNER_",
    }.items():
        assert f"//{user}" in given[name]


def test_only_the_release_knows_the_owner_of_the_database():
    knowing = {name for name in OUR_SERVICES if "OWNER_PASSWORD" in str(SERVICES[name])}

    assert knowing == {"release"}


def test_everything_starts_in_order():
    for name in set(OUR_SERVICES) - {"release"}:
        assert SERVICES[name]["depends_on"]["release"] == {"condition": "service_completed_successfully"}
    for name in OUR_SERVICES:
        for needed in ("postgres", "valkey"):
            assert SERVICES[name]["depends_on"][needed] == {"condition": "service_healthy"}
    assert SERVICES["proxy"]["depends_on"]["web"] == {"condition": "service_healthy"}


def test_what_ends_is_started_again_except_the_release():
    policies = {name: service["restart"] for name, service in SERVICES.items()}

    assert policies.pop("release") == "no"
    assert set(policies.values()) == {"unless-stopped"}


@pytest.mark.parametrize("name", SERVICES)
def test_logs_do_not_fill_the_disk_and_rights_do_not_grow(name):
    assert SERVICES[name]["logging"]["options"].keys() == {"max-size", "max-file"}
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_our_processes_can_do_little(name):
    service = SERVICES[name]

    assert (service["read_only"], service["tmpfs"], service["cap_drop"]) == (True, ["/tmp"], ["ALL"])
    assert "ports" not in service


def test_the_data_has_no_way_to_the_internet():
    assert COMPOSE["networks"]["data"] == {"internal": True}
    for name in ("postgres", "valkey"):
        assert SERVICES[name]["networks"] == ["data"]
        assert "ports" not in SERVICES[name]
        assert any(volume.split(":")[0] in COMPOSE["volumes"] for volume in SERVICES[name]["volumes"])
    assert SERVICES["proxy"]["networks"] == ["front"]


def test_valkey_keeps_what_it_was_told_and_throws_nothing_away():
    words = shlex.split(SERVICES["valkey"]["command"])

    assert words[words.index("--appendonly") + 1] == "yes"
    assert words[words.index("--maxmemory-policy") + 1] == "noeviction"


def test_a_deploy_lets_work_end():
    total = settings.GENERATION_DEADLINES["total"]

    assert seconds(SERVICES["worker_generation"]["stop_grace_period"]) >= total + 20
    assert seconds(SERVICES["worker_default"]["stop_grace_period"]) > settings.CELERY_TASK_TIME_LIMIT
    graceful = re.search(r"--timeout-graceful-shutdown (\d+)", PROCESSES["web"])[1]
    assert seconds(SERVICES["web"]["stop_grace_period"]) > int(graceful)


def test_the_proxy_does_not_hold_streams_back_or_cut_them():
    proxied = re.search(r"reverse_proxy .*?\n\t}\n", CADDYFILE, re.DOTALL)[0]

    assert "flush_interval -1" in proxied
    assert seconds(re.search(r"read_timeout (\S+)", proxied)[1]) > settings.GENERATION_DEADLINES["total"]
    # A compressor holds back what it has not filled a block with.
    assert "match header Content-Type text/html*" in CADDYFILE
    assert "compression off" in proxied


def test_the_proxy_gives_up_an_idle_connection_before_the_web_process_does():
    kept = seconds(re.search(r"keepalive (\S+)", CADDYFILE)[1])

    assert kept < int(re.search(r"--timeout-keep-alive (\d+)", PROCESSES["web"])[1])


def test_the_image_is_nobody_and_can_have_another_base():
    lines = DOCKERFILE.splitlines()

    assert re.search(r"^ARG PYTHON_IMAGE=python:3\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert {line for line in lines if line.startswith("FROM")} == {
        "FROM ${PYTHON_IMAGE} AS packages",
        "FROM ${PYTHON_IMAGE}",
    }
    assert lines.index("USER 10001:10001") > max(number for number, line in enumerate(lines) if line.startswith("RUN"))
    assert 'ENTRYPOINT ["bin/process"]' in lines


def test_secrets_and_a_laptop_stay_out_of_the_image():
    left_out = set((ROOT / ".dockerignore").read_text().splitlines())

    assert {".env", "*.env", ".git", "var", "dev", "tests", ".venv", "staticfiles"} <= left_out


def test_images_have_a_version():
    images = [service["image"] for name, service in SERVICES.items() if name not in OUR_SERVICES]

    assert [image for image in images if not re.search(r":[\w.]*\d", image)] == []


def test_ci_may_do_nothing_and_calls_our_scripts_alone():
    assert WORKFLOW["permissions"] == {}
    assert {str(job["permissions"]) for job in WORKFLOW["jobs"].values()} == {"{'contents': 'read'}"}
    assert {step["run"] for step in STEPS if "run" in step} == {".ci/run", "bin/check"}


def test_ci_tests_every_python_that_is_supported():
    oldest = re.search(r'requires-python = ">=(3\.\d+)"', (ROOT / "pyproject.toml").read_text())[1]

    assert WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["python"] == [oldest, "3.12", "3.13"]


def test_actions_are_pinned_to_a_commit():
    used = [step["uses"] for step in STEPS if "uses" in step]

    assert used
    assert [action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)] == []


def test_hooks_run_the_tools_of_the_project():
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    required = (ROOT / "requirements" / "dev.in").read_text().split()
    programs = {hook["entry"].split()[0] for hook in repository["hooks"]}

    assert repository["repo"] == "local"
    assert {program.removeprefix(".venv/bin/") for program in programs} <= {*required, "lint-imports"}


@pytest.mark.parametrize("ecosystem", ["pip", "docker", "docker-compose", "github-actions"])
def test_updates_come_together_once_a_week(ecosystem):
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    (update,) = [update for update in updates if update["package-ecosystem"] == ecosystem]

    assert update["schedule"] == {"interval": "weekly"}
    assert [group["patterns"] for group in update["groups"].values()] == [["*"]]


@pytest.mark.parametrize("name", ["docker-compose.yml", ".github/workflows/ci.yml", ".github/dependabot.yml"])
def test_the_check_holds_the_file_to_its_schema(name):
    assert re.search(
        rf"check-jsonschema --builtin-schema \S+ {re.escape(name)}$", (ROOT / "bin/check").read_text(), re.M
    )
