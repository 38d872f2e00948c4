"""Writing to us: kept once, found again by its request id, with no word lost on the way."""

import re
import uuid

import pytest
from django.core import mail as sent_mail
from django.db import IntegrityError

from apps.core import personal_data
from apps.core.db import system_scope
from apps.core.models import OutgoingMail
from apps.pages.models import ContactMessage
from tests.accounts.conftest import deliver_mails, new_email, new_user, new_visitor

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "contact-form"}
FIELDS = {"reply_to": "ada@example.com", "topic": "problem", "message": "The answer stopped in the middle."}
FIELDS |= {"request_id": "abcdef12-3456", "page": "/generations/", "website": ""}


def fields(**changes: str) -> dict[str, str]:
    return {**FIELDS, "key": str(uuid.uuid4()), **changes}


def test_a_message_is_kept_and_the_person_is_thanked(visitor):
    answer = visitor.post("/contact/", fields())

    message = ContactMessage.objects.get()
    assert answer["Location"] == "/contact/thanks/"
    assert "Thank you" in visitor.get("/contact/thanks/").text
    assert (message.reply_to, message.topic, message.request_id) == ("ada@example.com", "problem", "abcdef12-3456")
    assert (message.message, message.page, message.status) == (FIELDS["message"], "/generations/", "open")
    assert (message.user, message.handled_at) == (None, None)


def test_with_htmx_the_thanks_take_the_place_of_the_form(visitor):
    answer = visitor.post("/contact/", fields(), headers=HTMX)

    assert 'id="contact-form"' in answer.text
    assert "Thank you" in answer.text
    assert "<html" not in answer.text


def test_a_form_that_is_sent_twice_counts_once(visitor):
    sent = fields()

    answers = [visitor.post("/contact/", sent)["Location"] for _ in range(2)]

    assert answers == ["/contact/thanks/"] * 2
    assert ContactMessage.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"reply_to": "nobody"},
        {"message": "short"},
        {"message": "x" * 4001},
        {"topic": "invented"},
        {"request_id": "not an id!"},
        {"key": "no-uuid"},
    ],
)
def test_what_was_typed_stays_when_something_is_wrong(visitor, wrong):
    answer = visitor.post("/contact/", fields(**{"message": "My words are kept.", **wrong}))
    fragment = visitor.post("/contact/", fields(**wrong), headers=HTMX)

    assert (answer.status_code, fragment.status_code) == (422, 422)
    assert wrong.get("message", "My words are kept.") in answer.text
    assert "<html" not in fragment.text
    assert ContactMessage.objects.count() == 0


def test_an_error_page_leads_here_with_its_request_id(visitor):
    page = visitor.get("/contact/?request_id=abcdef1234567890&page=/billing/").text

    assert 'value="abcdef1234567890"' in page
    assert 'name="page" value="/billing/"' in page
    assert '<option value="problem" selected>' in page


def test_an_odd_request_id_in_a_link_is_left_out(visitor):
    page = visitor.get('/contact/?request_id="><script>alert(1)</script>&topic=zzz').text

    assert "<script>alert" not in page
    assert re.search(r'name="request_id"[^>]*value=', page) is None
    assert '<option value="question" selected>' in page


def test_who_is_logged_in_finds_the_address_filled_in(visitor):
    user = new_user(new_email("ada"))
    visitor.force_login(user)

    assert f'value="{user.email}"' in visitor.get("/contact/").text
    visitor.post("/contact/", fields(reply_to=user.email))

    assert ContactMessage.objects.get().user == user


def test_what_a_machine_fills_in_is_thanked_for_and_dropped(visitor):
    answer = visitor.post("/contact/", fields(website="https://spam.example"))

    assert answer["Location"] == "/contact/thanks/"
    assert ContactMessage.objects.count() == 0


def test_too_many_messages_from_one_address_are_refused(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "contact": "2/d"}
    visitor = new_visitor()

    statuses = [visitor.post("/contact/", fields()).status_code for _ in range(3)]

    assert statuses == [302, 302, 429]
    assert visitor.get("/contact/").status_code == 200


def test_support_gets_a_mail_where_there_is_an_address(visitor, settings):
    settings.SUPPORT_EMAIL = "help@keel.example"
    visitor.post("/contact/", fields(message="Several lines.\nAnd <b>odd</b> & signs."))

    [message] = deliver_mails()

    assert message.to == ["help@keel.example"]
    assert "Several lines.\nAnd <b>odd</b> & signs." in message.body
    assert "abcdef12-3456" in message.body
    assert f"{settings.SITE_URL}/admin/pages/contactmessage/" in message.body


def test_without_an_address_nobody_is_mailed(visitor):
    visitor.post("/contact/", fields())

    assert OutgoingMail.objects.count() == 0
    assert sent_mail.outbox == []


def test_a_person_gets_a_copy_of_the_messages_and_can_have_them_erased(visitor):
    user, stranger = new_user(new_email("ada")), new_user(new_email("eve"))
    visitor.post("/contact/", fields(reply_to=user.email.title()))
    visitor.post("/contact/", fields(reply_to=stranger.email))

    exported = personal_data.export_user(user)["pages"]["messages"]
    with system_scope():
        personal_data.erase_user(user)

    assert [row["message"] for row in exported] == [FIELDS["message"]]
    assert ContactMessage.objects.get().reply_to == stranger.email


def test_the_database_keeps_handled_messages_honest(visitor):
    visitor.post("/contact/", fields())

    with pytest.raises(IntegrityError, match="contact_handled_has_time"), system_scope():
        ContactMessage.objects.update(status="handled")
