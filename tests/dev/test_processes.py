"""The suite in processes: when, and what each of them gets."""

import os
import subprocess
import sys

import pytest

from dev.run import ROOT
from dev.test import IN_PROCESSES, PROCESSES, runs_in_processes

SUITE = """
import os, pathlib, pytest

@pytest.mark.parametrize("number", range(3))
def test_note_where(number):
    worker, database = os.environ["PYTEST_XDIST_WORKER"], os.environ["DATABASE_URL"]
    with pathlib.Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(f"{pathlib.Path(__file__).parent.name} {worker} {database}\\n")
"""


@pytest.mark.parametrize("arguments", [[], ["-q"], ["-x"], ["-x", "-v", "--durations=40"]])
def test_the_whole_suite_runs_in_processes(arguments):
    assert runs_in_processes(arguments=arguments, environment={})


@pytest.mark.parametrize("arguments", [["tests/box"], ["-k", "hold"], ["-m", "long"], ["--pdb"], ["-s"], ["-n", "0"]])
def test_a_part_of_the_suite_and_debugging_run_in_one(arguments):
    assert not runs_in_processes(arguments=arguments, environment={})


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_server_that_was_given_is_not_shared_by_processes(name):
    assert not runs_in_processes(arguments=[], environment={name: "somewhere"})


@pytest.fixture
def notes(tmp_path):
    """What the tests of a small suite noted in its processes: folder, process, database."""
    for folder in ("accounts", "billing", "core", "e2e", "faults"):
        (tmp_path / "tests" / folder).mkdir(parents=True)
        (tmp_path / "tests" / folder / "test_notes.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib -p no:django\n")
    for name in PROCESSES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "services.env").write_text(f"DATABASE_URL=postgres://of_{name}\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"VAR_DIR": str(tmp_path / PROCESSES[0]), "PYTHONPATH": str(ROOT), "DATABASE_URL": "of nobody"}
    command = [sys.executable, "-m", "pytest", *IN_PROCESSES]
    subprocess.run(command, cwd=tmp_path, env=environment | {"NOTES": str(tmp_path / "notes")}, check=True)
    return [line.split() for line in (tmp_path / "notes").read_text().splitlines()]


def test_each_process_has_a_database_of_its_own_and_a_product_stays_in_one(notes):
    assert len(notes) == 15
    assert {(process, database) for _folder, process, database in notes} == {
        (name, f"postgres://of_{name}") for name in PROCESSES
    }
    for product in ("e2e", "faults"):
        ran_in = {process for folder, process, _database in notes if folder == product}
        assert len(ran_in) == 1
        assert [folder for folder, process, _database in notes if process in ran_in][:3] == [product] * 3
