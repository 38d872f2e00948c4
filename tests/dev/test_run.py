"""`bin/dev` from its start to Ctrl-C, with stand-ins for Django's part."""

import shutil
import signal
import socket

import pytest

from dev.services.ports import free_port
from tests.dev.conftest import SERVERS_ELSEWHERE, is_alive, processes_using, read_until, run_product, wait_until


@pytest.mark.parametrize(("presses", "servers"), [(1, SERVERS_ELSEWHERE), (2, {})])
def test_ctrl_c_leaves_nothing_behind(start, checkout, presses, servers):
    program = run_product(start, checkout, PORT=str(free_port()), **servers)
    read_until(program, "Ctrl-C stops everything")
    assert len(processes_using(checkout.parent)) > 2, "there is something to be ended"

    for _ in range(presses):
        program.send_signal(signal.SIGINT)
    said, _ = program.communicate(timeout=30)

    assert program.returncode == 0, said
    assert processes_using(checkout.parent) == []
    assert not (checkout.parent / "var" / "services.env").exists()


def test_ctrl_c_leaves_nothing_behind_when_the_folder_was_removed_meanwhile(start, checkout):
    program = run_product(start, checkout, PORT=str(free_port()))
    read_until(program, "Ctrl-C stops everything")
    running = processes_using(checkout.parent)
    wait_until(lambda: is_removed(checkout.parent / "var"))

    program.send_signal(signal.SIGINT)
    program.communicate(timeout=30)

    assert len(running) > 4
    wait_until(lambda: not any(is_alive(process) for process in running))


def is_removed(folder) -> bool:
    """Remove a folder into which processes write meanwhile."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def test_ctrl_c_while_the_database_is_prepared_leaves_nothing_behind(start, checkout):
    (checkout / "Procfile").write_text("release: sleep 1000 && true\nweb: sleep 1000\n")
    program = run_product(start, checkout, PORT=str(free_port()), **SERVERS_ELSEWHERE)
    read_until(program, "Preparing the database")

    program.send_signal(signal.SIGINT)
    program.communicate(timeout=30)

    assert program.returncode == 0
    assert processes_using(checkout.parent) == []


def test_once_ends_with_the_exit_code_of_its_run_and_with_nothing_left(start, checkout):
    port = free_port()

    program = run_product(start, checkout, "--once", PORT=str(port), **SERVERS_ELSEWHERE)
    said, _ = program.communicate(timeout=60)

    assert program.returncode == 7
    assert f"once http://127.0.0.1:{port}" in said
    assert processes_using(checkout.parent) == []


def test_a_taken_port_is_said_with_a_free_one_before_anything_starts(start, checkout):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        program = run_product(start, checkout, PORT=str(port))
        said, _ = program.communicate(timeout=30)

    assert program.returncode == 1
    assert f"Port {port} is taken" in said
    assert "PORT=" in said
    assert not (checkout.parent / "var" / "postgres").exists()


def test_a_second_one_on_the_same_folder_is_refused_and_the_first_lives_on(start, checkout):
    first = run_product(start, checkout, PORT=str(free_port()), **SERVERS_ELSEWHERE)
    read_until(first, "Ctrl-C stops everything")
    before = {process.pid for process in processes_using(checkout.parent)}

    second = run_product(start, checkout, PORT=str(free_port()))
    said, _ = second.communicate(timeout=30)

    assert second.returncode == 1
    assert f"already (process {first.pid})" in said
    assert {process.pid for process in processes_using(checkout.parent)} == before


def test_a_web_process_that_cannot_start_is_explained_with_its_log(start, checkout):
    (checkout / "stand_in.py").write_text("raise SystemExit('the sail is torn')")

    program = run_product(start, checkout, PORT=str(free_port()), **SERVERS_ELSEWHERE)
    said, _ = program.communicate(timeout=60)

    assert program.returncode == 1
    assert "the sail is torn" in said
    assert processes_using(checkout.parent) == []


def test_after_a_kill_the_next_start_takes_over(start, checkout):
    port = str(free_port())
    killed = run_product(start, checkout, PORT=port)
    read_until(killed, "Ctrl-C stops everything")
    left = {process.pid for process in processes_using(checkout.parent)} - {killed.pid}
    killed.kill()
    killed.wait()

    program = run_product(start, checkout, PORT=port)
    said = read_until(program, "Ctrl-C stops everything")

    assert "Ended what an earlier run left behind" in said
    assert left.isdisjoint(process.pid for process in processes_using(checkout.parent))
