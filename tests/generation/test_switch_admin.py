"""Staff flip switches in the admin: chosen from what there is, with a reason, written down, and in force at once."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from apps.core.models import AuditEntry
from apps.generation import switch_admin, switches
from apps.generation.models import Flag, Switch
from apps.generation.switches import Work
from tests.factories import UserFactory

LIST = "/admin/generation/switch/"


@pytest.fixture
def operator(db, client):
    """A member of staff in the role that keeps the product running, logged in."""
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name="operator"))
    client.force_login(user)
    return user


def test_a_flip_acts_at_once_is_written_down_and_is_taken_back(operator, client):
    form = {"name": "stop:template:summary", "active": "on", "stops_running": "on", "reason": "Odd answers."}

    assert client.post(f"{LIST}add/", form).status_code == 302
    stopped = switches.find_stop(Work("composer", "summary", ("keel-demo",)))
    kept = Switch.objects.get()
    assert client.post(f"{LIST}{kept.pk}/change/", {"reason": "Odd answers."}).status_code == 302

    assert stopped.sentence == "This template is paused for now. Odd answers."
    assert switches.find_stop(Work("composer", "summary", ("keel-demo",))) is None
    entries = AuditEntry.objects.filter(subject="stop:template:summary").order_by("id")
    assert [entry.action for entry in entries] == ["generation_stopped", "generation_resumed"]
    assert entries[0].actor == f"user:{operator.pk}"
    assert entries[0].details == {"stops_running": True, "reason": "Odd answers."}


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({"name": "stop:all", "active": "on", "reason": " "}, "Say why"),
        ({"name": "stop:model:nobody-has-it", "active": "on", "reason": "x"}, "Select a valid choice"),
    ],
)
def test_a_switch_needs_a_reason_and_something_to_stop(form, wrong, operator, client):
    answer = client.post(f"{LIST}add/", form)

    assert (answer.status_code, Switch.objects.count()) == (200, 0)
    assert wrong in answer.text


def test_everything_that_is_asked_about_can_be_chosen(db):
    named = {
        key
        for value, label in switch_admin.list_switch_choices()
        for key in ([inner for inner, _said in label] if isinstance(label, list) else [value])
    }

    assert {"stop:all", "stop:feature:api", "stop:template:summary", "stop:provider:openai"} <= named
    assert set(switches._names(Work("batch", "task-list", ("keel-demo",)))) <= named


def test_deleting_an_active_switch_lets_it_run_and_says_so(operator, client):
    kept = Switch.objects.create(name="stop:all", active=True, reason="Odd answers.")

    client.post(f"{LIST}{kept.pk}/delete/", {"post": "yes"})

    assert switches.find_stop(Work()) is None
    assert AuditEntry.objects.filter(action="generation_resumed", subject="stop:all").count() == 1


def test_a_switch_of_a_name_that_nothing_has_is_shown_as_such(operator, client):
    Switch.objects.create(name="stop:model:gone", active=True)

    assert "there is nothing of this name" in client.get(LIST).text


def test_the_command_of_waffle_stops_everything_where_the_admin_is_away(db):
    call_command("waffle_switch", "stop:all", "on", create=True)
    stopped = switches.find_stop(Work("api", "summary", ("keel-demo",)))
    call_command("waffle_switch", "stop:all", "off")

    assert stopped.sentence == "Generating is paused for now."
    assert switches.find_stop(Work()) is None


def test_a_rollout_is_chosen_from_what_there_is(operator, client):
    form = {"name": "rollout:template:summary", "percent": "25", "everyone": "unknown"}

    assert client.post("/admin/generation/flag/add/", form | {"percent": "101"}).status_code == 200
    assert client.post("/admin/generation/flag/add/", form).status_code == 302
    assert list(Flag.objects.values_list("name", "percent", "everyone")) == [("rollout:template:summary", 25, None)]
