"""The supervisor: what runs stays running, what is stopped is gone with its children, and nothing else is touched."""

import os
import signal

import psutil
import pytest

from dev.services import NotOurProcessError
from dev.supervisor import Supervisor, UnknownProcessError
from tests.dev.conftest import is_alive, wait_until


@pytest.fixture
def supervise(var_dir):
    supervisors = []

    def make(**processes):
        supervisors.append(Supervisor(environment=os.environ, var_dir=var_dir, processes=processes, folder=var_dir))
        return supervisors[-1]

    yield make
    for supervisor in supervisors:
        supervisor.stop_all()


def test_a_killed_process_is_started_again(supervise):
    supervisor = supervise(worker="sleep 1000")
    old = supervisor.start("worker")

    supervisor.kill("worker", signal.SIGKILL)
    supervisor.wait_exit(pid=old)

    wait_until(lambda: runs(supervisor, "worker"))
    assert supervisor.pid("worker") != old
    assert supervisor.exits("worker") == 1


def test_a_process_that_keeps_ending_is_started_less_and_less_often(supervise):
    supervisor = supervise(worker="false")

    supervisor.start("worker")
    wait_until(lambda: supervisor.exits("worker") == 3)

    assert supervisor._processes["worker"].backoff_seconds == pytest.approx(1.6)


def test_a_shell_line_becomes_the_process_itself_with_its_defaults_filled_in(supervise):
    supervisor = supervise(worker="sleep ${NOT_SET:-1234}")

    pid = supervisor.start("worker")

    wait_until(lambda: psutil.Process(pid).cmdline() == ["sleep", "1234"])


def test_what_a_process_says_is_in_its_log(supervise):
    supervisor = supervise(worker=["sh", "-c", "echo said; echo complained >&2; sleep 1000"])

    supervisor.start("worker")

    wait_until(lambda: supervisor.log("worker").read_text() == "said\ncomplained\n")


def test_stopping_ends_a_process_that_refuses_with_its_children(supervise):
    supervisor = supervise(worker="sh -c 'trap : TERM; sleep 1000 & while :; do wait; done'")
    pid = supervisor.start("worker")
    wait_until(lambda: psutil.Process(pid).children())
    child = psutil.Process(pid).children()[0]

    supervisor.stop(["worker"], grace_seconds=0.3)

    assert not psutil.pid_exists(pid)
    wait_until(lambda: not is_alive(child))


def test_a_stopped_process_stays_stopped_until_it_is_started(supervise):
    supervisor = supervise(worker="sleep 1000")
    supervisor.start("worker")

    supervisor.stop(["worker"])

    with pytest.raises(UnknownProcessError):
        supervisor.pid("worker")
    assert supervisor.start("worker")


def test_the_last_started_is_asked_first_and_what_others_need_ends_after_them(supervise, var_dir):
    say = "sh -c 'trap \"echo {} >> order; exit\" TERM; touch {}.ready; while :; do sleep 0.05; done'"
    names = ("model_server", "worker", "web")
    supervisor = supervise(**{name: say.format(name, name) for name in names})
    supervisor.start_all()
    wait_until(lambda: all((var_dir / f"{name}.ready").exists() for name in names))

    supervisor.stop_all(last=["model_server"])

    assert (var_dir / "order").read_text().split()[-1] == "model_server"


def test_only_an_own_child_is_killed(supervise):
    supervisor = supervise(worker="sleep 1000")
    supervisor.start("worker")
    process = supervisor._processes["worker"]
    own, process.popen = process.popen, Stranger()

    with pytest.raises(NotOurProcessError):
        supervisor.kill("worker", signal.SIGKILL)

    process.popen = own


class Stranger:
    """A process that this one has not started."""

    pid = os.getppid()

    def poll(self):
        return None


def runs(supervisor, name):
    try:
        return supervisor.pid(name)
    except UnknownProcessError:
        return None
