"""Where a person is logged in: listed, noted sparingly, and ended for good."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from apps.accounts import sessions
from apps.accounts.devices import read_device
from apps.accounts.models import User
from tests.accounts.conftest import PASSWORD, new_email, new_visitor

pytestmark = pytest.mark.django_db
PAGE = "/settings/security/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML) Version/18.0 Safari/604.1"


def log_in(user, user_agent=FIREFOX):
    browser = new_visitor()
    browser.defaults["HTTP_USER_AGENT"] = user_agent
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert is_in(browser)
    return browser


def is_in(browser) -> bool:
    return browser.get(PAGE).status_code == 200


def row_of(browser) -> UserSession:
    return UserSession.objects.get(session_key=browser.session.session_key)


def test_the_page_lists_device_and_address_of_every_session_and_marks_this_one(owner):
    phone, laptop = log_in(owner, IPHONE), log_in(owner)

    page = laptop.get(PAGE).text

    assert page.index("Firefox on Linux") < page.index("This browser") < page.index("Safari on iPhone")
    assert phone.defaults["REMOTE_ADDR"] in page
    assert laptop.session.session_key not in page


def test_of_very_many_sessions_the_page_shows_this_one_and_the_latest_and_ends_all(owner, monkeypatch):
    monkeypatch.setattr(sessions, "LISTED_MAX", 2)
    here, others = log_in(owner), [log_in(owner, IPHONE) for _ in range(3)]

    page = here.get(PAGE).text
    here.post("/settings/other-sessions/ending/")

    assert (page.count("Firefox on Linux"), page.count("<b>Safari on iPhone")) == (1, 1)
    assert not any(is_in(browser) for browser in others)


def test_a_login_as_staff_is_listed_too(owner):
    owner.is_staff = owner.is_superuser = True
    owner.save()
    browser = new_visitor()

    browser.post("/accounts/login/", {"login": owner.email, "password": PASSWORD, "next": "/admin/"})

    assert UserSession.objects.get(user=owner).session_key == browser.session.session_key


def test_one_session_is_ended_and_the_others_go_on(owner):
    lost, kept = log_in(owner, IPHONE), log_in(owner)

    answer = kept.post(f"/settings/sessions/{row_of(lost).pk}/ending/", follow=True)

    assert "That session has ended." in answer.text
    assert not is_in(lost)
    assert is_in(kept)


def test_all_other_sessions_are_ended_at_once(owner, stranger):
    others, kept, neighbour = [log_in(owner), log_in(owner, IPHONE)], log_in(owner), log_in(stranger)

    kept.post("/settings/other-sessions/ending/")

    assert [is_in(browser) for browser in (*others, kept, neighbour)] == [False, False, True, True]


def test_ending_a_session_twice_says_that_it_has_ended(owner):
    lost, kept = log_in(owner), log_in(owner)
    address = f"/settings/sessions/{row_of(lost).pk}/ending/"
    kept.post(address)

    answer = kept.post(address)

    assert answer.status_code == 404
    assert "has ended already" in answer.text


def test_nobody_ends_the_session_of_somebody_else(owner, stranger):
    theirs, mine = log_in(stranger), log_in(owner)

    answer = mine.post(f"/settings/sessions/{row_of(theirs).pk}/ending/")

    assert answer.status_code == 404
    assert is_in(theirs)


def test_logging_out_takes_the_session_off_the_list(owner):
    browser = log_in(owner)

    browser.post("/accounts/logout/")

    assert not UserSession.objects.filter(user=owner).exists()


def test_a_new_password_leaves_only_this_browser_on_the_list(owner):
    old, here = log_in(owner, IPHONE), log_in(owner)

    form = {"oldpassword": PASSWORD, "password1": "another-horse-91"}
    answer = here.post("/accounts/password/change/", form, follow=True)

    assert answer.redirect_chain == [(PAGE, 302)]
    assert "Safari on iPhone" not in answer.text
    assert not is_in(old)
    assert is_in(here)


def test_expired_sessions_are_not_listed_and_forgotten_in_time(owner):
    old, here = log_in(owner, IPHONE), log_in(owner)
    Session.objects.filter(pk=old.session.session_key).update(expire_date=timezone.now() - timedelta(seconds=1))
    assert "Safari on iPhone" not in here.get(PAGE).text

    sessions.forget_dead_sessions()

    assert list(UserSession.objects.filter(user=owner)) == [row_of(here)]
    assert is_in(here)


def test_use_is_noted_at_most_once_in_a_while(owner, monkeypatch, django_assert_num_queries):
    browser = log_in(owner)
    hour_ago = timezone.now() - timedelta(hours=1)
    UserSession.objects.filter(user=owner).update(last_seen_at=hour_ago)

    browser.get(PAGE)
    assert row_of(browser).last_seen_at == hour_ago

    monkeypatch.setattr(sessions, "_noted", {})
    browser.get(PAGE)
    assert row_of(browser).last_seen_at > hour_ago


def test_a_session_from_before_the_list_appears_with_its_next_request(owner, monkeypatch):
    browser = log_in(owner)
    UserSession.objects.all().delete()
    monkeypatch.setattr(sessions, "_noted", {})

    assert "Firefox on Linux" in browser.get(PAGE).text


def test_the_memory_of_noted_sessions_stays_small(owner, monkeypatch):
    monkeypatch.setattr(sessions, "_noted", {})
    monkeypatch.setattr(sessions, "NOTED_MAX", 2)

    [log_in(owner) for _ in range(5)]

    assert len(sessions._noted) <= 2


def test_a_strange_browser_is_listed_as_unknown_and_its_text_is_cut(owner):
    browser = log_in(owner, "<b>\x00" + "x" * 5000)

    page = browser.get(PAGE).text

    assert "Unknown browser" in page
    assert len(row_of(browser).user_agent) == 200


@pytest.mark.parametrize(
    ("user_agent", "name", "icon"),
    [
        (FIREFOX, "Firefox on Linux", "monitor"),
        (IPHONE, "Safari on iPhone", "smartphone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows", "monitor"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android", "smartphone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X) Chrome/140.0 Safari/537.36", "Chrome on macOS", "monitor"),
        ("curl/8.5.0", "Unknown browser", "monitor"),
        ("", "Unknown browser", "monitor"),
    ],
)
def test_a_device_is_named_as_people_know_it(user_agent, name, icon):
    assert read_device(user_agent) == (name, icon)


def test_a_probe_of_the_platform_reads_no_session(owner, django_assert_num_queries):
    browser = log_in(owner)

    with django_assert_num_queries(0):
        assert browser.get("/healthz").status_code == 200


def test_staff_find_the_sessions_of_a_person_but_no_keys(owner, stranger):
    mine, _theirs = log_in(owner), log_in(stranger)
    staff = new_visitor()
    staff.force_login(User.objects.create_superuser(new_email("root"), "x"))

    found = staff.get("/admin/usersessions/usersession/", {"q": owner.email})
    assert staff.get("/admin/usersessions/usersession/", {"q": "nonsense %_"}).status_code == 200
    shown = staff.get(f"/admin/usersessions/usersession/{row_of(mine).pk}/change/")

    assert [row.user for row in found.context["cl"].result_list] == [owner]
    assert mine.session.session_key not in shown.text
    assert "Firefox" in shown.text
