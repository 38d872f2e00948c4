"""A line above every page: there when it should be, gone when it should, never the reason that a page fails."""

from datetime import timedelta

import pytest
import redis as redis_library
from django.db import IntegrityError, OperationalError, connection
from django.utils import timezone

from apps.core import redis
from apps.core.db import system_scope
from apps.pages import notices
from apps.pages.models import Notice
from tests.accounts.conftest import new_email, new_user, new_visitor
from tests.pages.conftest import put_up

pytestmark = pytest.mark.django_db


def shown() -> list[str]:
    return [notice.message for notice in notices.list_shown(dismissed=[])]


def test_a_notice_is_on_public_pages_and_in_the_app(visitor):
    put_up("We move house <tonight>.")
    customer = new_visitor()
    customer.force_login(new_user(new_email("ada")))

    assert "We move house &lt;tonight&gt;." in visitor.get("/help/").text
    assert "We move house &lt;tonight&gt;." in customer.get("/billing/").text


@pytest.mark.parametrize(
    ("starts", "ends", "is_on"),
    [(-60, None, True), (-60, 60, True), (-120, -60, False), (60, 120, False)],
    ids=["open end", "within", "over", "to come"],
)
def test_a_notice_is_shown_within_its_time(starts, ends, is_on):
    now = timezone.now()
    ends_at = now + timedelta(minutes=ends) if ends is not None else None
    put_up("Now?", starts_at=now + timedelta(minutes=starts), ends_at=ends_at)

    assert shown() == (["Now?"] if is_on else [])


def test_pages_ask_the_database_once_in_a_while(visitor, django_assert_num_queries):
    put_up()

    with django_assert_num_queries(1):
        shown()
    with django_assert_num_queries(0):
        assert shown() == ["We move house tonight."]


def test_a_notice_that_begins_or_ends_while_it_is_remembered_still_does_so_on_time(monkeypatch):
    now = timezone.now()
    put_up("Begins soon.", starts_at=now + timedelta(seconds=10))
    put_up("Ends soon.", ends_at=now + timedelta(seconds=5))
    assert shown() == ["Ends soon."]

    monkeypatch.setattr(notices.timezone, "now", lambda: now + timedelta(seconds=11))

    assert shown() == ["Begins soon."]


def test_without_redis_the_database_is_asked(visitor, monkeypatch):
    put_up()
    lose_redis(monkeypatch)

    assert "We move house tonight." in visitor.get("/help/").text


def test_without_redis_and_database_pages_say_nothing(monkeypatch):
    put_up()
    lose_redis(monkeypatch)

    with connection.execute_wrapper(refuse):
        assert shown() == []


def lose_redis(monkeypatch) -> None:
    # Nothing listens on port 1.
    monkeypatch.setattr(redis, "client", lambda: redis_library.Redis.from_url("redis://127.0.0.1:1", retry=None))


def refuse(execute, sql, parameters, many, context):
    raise OperationalError("server closed the connection")


def test_a_notice_can_be_put_away_in_one_browser(visitor):
    put_up()
    [notice] = notices.list_shown(dismissed=[])

    answer = visitor.post("/notices/dismissals/", {"key": notice.key, "next": "/pricing/"})

    assert answer["Location"] == "/pricing/"
    assert notice.message not in visitor.get("/help/").text
    assert notice.message in new_visitor().get("/help/").text


def test_with_htmx_the_answer_is_empty_and_the_line_goes(visitor):
    put_up()
    [notice] = notices.list_shown(dismissed=[])

    answer = visitor.post("/notices/dismissals/", {"key": notice.key}, headers={"HX-Request": "true"})

    assert (answer.status_code, answer.text) == (200, "")
    assert answer.cookies[notices.DISMISSED_COOKIE].value == notice.key


def test_other_words_are_another_notice(visitor):
    row = put_up()
    [before] = notices.list_shown(dismissed=[])
    visitor.post("/notices/dismissals/", {"key": before.key})

    row.message = "We move house tomorrow."
    row.save()
    notices.forget()

    assert "We move house tomorrow." in visitor.get("/help/").text


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_nobody_is_sent_elsewhere_after_putting_a_notice_away(visitor, where):
    assert visitor.post("/notices/dismissals/", {"key": "1-abc", "next": where})["Location"] == "/"


@pytest.mark.parametrize("key", ["", "a;b", "x" * 33, "é", "a b"])
def test_an_odd_key_is_not_kept(visitor, key):
    assert notices.DISMISSED_COOKIE not in visitor.post("/notices/dismissals/", {"key": key}).cookies


def test_a_browser_remembers_the_last_twenty():
    cookie = ""
    for number in range(30):
        cookie = notices.write_dismissed(notices.read_dismissed(cookie), key=str(number))

    assert notices.read_dismissed(cookie) == [str(number) for number in range(10, 30)]


def test_a_notice_cannot_end_before_it_starts():
    now = timezone.now()

    with pytest.raises(IntegrityError, match="notice_ends_after_start"), system_scope():
        Notice.objects.create(message="x", starts_at=now, ends_at=now - timedelta(hours=1))
