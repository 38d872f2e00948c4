"""Staff find a message by what the person named, see the run behind it, and close it; they tell everybody things."""

import uuid

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.core.models import AuditEntry
from apps.pages import notices, services
from apps.pages.models import ContactMessage, Notice
from tests.accounts.conftest import new_email
from tests.factories import GenerationFactory
from tests.pages.conftest import put_up

pytestmark = pytest.mark.django_db
LIST = "/admin/pages/contactmessage/"


def staff(*permissions: str) -> Client:
    user = User.objects.create_user(new_email("staff"), is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def written(**changes: str) -> ContactMessage:
    fields = {"reply_to": "ada@example.com", "topic": "problem", "message": "It stopped.", "page": "", "request_id": ""}
    return services.record_message(fields={**fields, **changes}, key=uuid.uuid4(), user=None)


@pytest.mark.parametrize("search", ["req-0123456789", "Ada@example.com"])
def test_a_message_is_found_by_request_id_and_by_address(search):
    written(request_id="req-0123456789")
    written(reply_to="eve@example.com", message="Something else entirely.")

    page = staff("view_contactmessage").get(LIST, {"q": search}).text

    assert "It stopped." in page
    assert "Something else entirely." not in page


def test_a_message_links_to_the_runs_of_its_request():
    run = GenerationFactory(request_id="req-0123456789")
    message = written(request_id="req-0123456789")

    page = staff("view_contactmessage", "view_generation").get(f"{LIST}{message.pk}/change/").text

    assert f'href="/admin/generation/generation/{run.pk}/change/"' in page


def test_handled_messages_are_closed_once_with_an_audit_entry():
    message = written()
    client = staff("view_contactmessage", "change_contactmessage")
    act = {"action": "mark_as_handled", "_selected_action": [str(message.pk)]}

    client.post(LIST, act)
    client.post(LIST, act)

    message.refresh_from_db()
    assert (message.status, message.handled_at is None) == ("handled", False)
    assert AuditEntry.objects.get().subject == f"contact_message:{message.pk}"


def test_who_may_only_read_closes_nothing():
    message = written()

    staff("view_contactmessage").post(LIST, {"action": "mark_as_handled", "_selected_action": [str(message.pk)]})

    message.refresh_from_db()
    assert message.status == "open"


def test_a_notice_is_put_up_and_taken_down_at_once(django_capture_on_commit_callbacks):
    client = staff("view_notice", "add_notice", "change_notice", "delete_notice")
    assert notices.list_shown(dismissed=[]) == []
    start = {"starts_at_0": timezone.now().date().isoformat(), "starts_at_1": "00:00:00"}

    with django_capture_on_commit_callbacks(execute=True):
        client.post("/admin/pages/notice/add/", {"message": "Back soon.", "level": "warning", **start})
    assert [notice.message for notice in notices.list_shown(dismissed=[])] == ["Back soon."]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/admin/pages/notice/{Notice.objects.get().pk}/delete/", {"post": "yes"})

    assert notices.list_shown(dismissed=[]) == []


def test_a_notice_that_ends_before_it_starts_is_an_error_of_the_form():
    client = staff("view_notice", "add_notice")
    times = {"starts_at_0": "2030-01-02", "starts_at_1": "00:00", "ends_at_0": "2030-01-01", "ends_at_1": "00:00"}

    answer = client.post("/admin/pages/notice/add/", {"message": "x", "level": "info", **times})

    assert "A notice ends after it starts." in answer.text
    assert Notice.objects.count() == 0


def test_a_notice_has_words_of_its_own_in_the_list():
    put_up("Look here.")

    assert "Look here." in staff("view_notice").get("/admin/pages/notice/").text
