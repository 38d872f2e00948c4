"""The waitlist: joined from a page, confirmed by mail, invited from the admin, left by a link."""

import re
import threading
import time
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts import tasks, waitlist
from apps.accounts.mailed_links import digest_of
from apps.accounts.models import WaitlistEntry
from apps.core.db import system_scope
from apps.core.http import without_secrets
from apps.core.models import AuditEntry, OutgoingMail
from apps.core.personal_data import erase_user, export_user
from tests.accounts.conftest import new_email, new_user, new_visitor
from tests.accounts.test_staff_roles import browser_of, staff

JOIN, SENT = "/waitlist/", "/waitlist/sent/"
LIST = "/admin/accounts/waitlistentry/"


@pytest.fixture(autouse=True)
def _waitlist(settings):
    settings.SIGNUP_MODE = "waitlist"


@pytest.fixture
def email(db) -> str:
    return new_email("ada")


def join(email, **more):
    return new_visitor().post(JOIN, {"email": email} | more)


def entry_of(email) -> WaitlistEntry:
    return WaitlistEntry.objects.get(email=email)


def links_to(email, kind) -> list[str]:
    """The paths of all links of one kind that were mailed to an address, the latest last."""
    mails = OutgoingMail.objects.filter(to=email).order_by("id")
    return [path for mail in mails for path in re.findall(rf"https?://[^/\s]+(/waitlist/{kind}/\S+)", mail.text)]


def wait(count: int, *, confirmed: bool = True) -> list[WaitlistEntry]:
    """Put people on the list, one after the other."""
    now = timezone.now()
    rows = [
        WaitlistEntry(
            email=new_email(f"person{number}"),
            digest=digest_of(new_email("link")),
            mailed_at=now,
            confirmed_at=now + timedelta(seconds=number) if confirmed else None,
        )
        for number in range(count)
    ]
    return WaitlistEntry.objects.bulk_create(rows)


def test_an_address_is_on_the_list_once_the_button_behind_the_link_is_pressed(email, visitor):
    assert join(email.title())["Location"] == SENT
    [link] = links_to(email, "confirmation")

    asked = visitor.get(link)
    assert email in asked.text
    assert entry_of(email).confirmed_at is None
    confirmed = visitor.post(link, follow=True)

    assert "You are on the waitlist" in confirmed.text
    assert entry_of(email).confirmed_at is not None


def test_the_same_address_again_is_the_same_page_one_row_and_one_mail_an_hour(email):
    answers = [(answer.status_code, answer["Location"]) for answer in (join(email), join(email.upper()))]
    first = links_to(email, "confirmation")
    WaitlistEntry.objects.update(mailed_at=timezone.now() - timedelta(hours=1, seconds=1))
    join(email)

    assert answers == [(302, SENT)] * 2
    assert (len(first), len(links_to(email, "confirmation")), WaitlistEntry.objects.count()) == (1, 2, 1)
    assert new_visitor().get(first[0]).status_code == 404


def test_who_is_confirmed_gets_no_further_mail_and_nobody_sees_that(email):
    join(email)
    WaitlistEntry.objects.update(mailed_at=timezone.now() - timedelta(days=2), confirmed_at=timezone.now())

    assert join(email)["Location"] == SENT
    assert len(links_to(email, "confirmation")) == 1


@pytest.mark.parametrize("sent", [{"email": "no"}, {"email": ""}, {}, {"email": f"{'a' * 250}@example.com"}])
def test_what_is_no_address_is_said_beside_the_field(sent, visitor, db):
    answer = visitor.post(JOIN, sent)

    assert (answer.status_code, 'aria-invalid="true"' in answer.text) == (422, True)
    assert not WaitlistEntry.objects.exists()


def test_what_a_machine_fills_in_is_thanked_for_and_dropped(email):
    assert join(email, website="x")["Location"] == SENT
    assert not WaitlistEntry.objects.exists()


@pytest.mark.parametrize("mode", ["open", "invite", "closed"])
def test_without_a_waitlist_nobody_joins(mode, settings, email):
    settings.SIGNUP_MODE = mode

    assert join(email)["Location"] == "/accounts/signup/"
    assert not WaitlistEntry.objects.exists()


def test_joining_is_limited_by_the_callers_address(settings, visitor, db):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"waitlist": "3/d"}

    codes = [
        visitor.post(JOIN, {"email": new_email("x")}, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code
        for n in range(5)
    ]

    assert codes == [302, 302, 302, 429, 429]


def test_only_digests_of_links_are_kept_and_no_log_has_the_link(email):
    join(email)
    waitlist.invite_address(email=email, actor="user:1")
    secrets = [links_to(email, kind)[-1].split("/")[3] for kind in ("confirmation", "invitation", "leaving")]

    row = str(WaitlistEntry.objects.values().get())
    assert [secret for secret in secrets if secret in row] == []
    assert without_secrets(f"/waitlist/leaving/{secrets[0]}/") == "/waitlist/leaving/[Filtered]/"


def test_a_confirmation_is_too_old_after_a_week(email):
    join(email)
    WaitlistEntry.objects.update(mailed_at=timezone.now() - timedelta(days=7, seconds=1))
    [link] = links_to(email, "confirmation")

    assert (new_visitor().get(link).status_code, new_visitor().post(link).status_code) == (404, 404)
    assert entry_of(email).confirmed_at is None


def test_each_mail_has_a_link_that_forgets_the_address(email, visitor):
    for position in (0, 1):
        join(email)
        waitlist.invite_address(email=email, actor="user:1")
        link = links_to(email, "leaving")[-2:][position]
        assert email in visitor.get(link).text

        left = visitor.post(link)

        assert "You have left the waitlist" in left.text
        assert not WaitlistEntry.objects.exists()
        assert visitor.get(links_to(email, "invitation")[-1]).status_code == 404
        assert visitor.post(link).status_code == 404


def test_what_nobody_confirms_is_forgotten_after_thirty_days(db):
    [fresh, old], [confirmed] = wait(2, confirmed=False), wait(1)
    month_ago = timezone.now() - timedelta(days=30, seconds=1)
    WaitlistEntry.objects.filter(pk__in=[old.pk, confirmed.pk]).update(mailed_at=month_ago)

    tasks.purge_waitlist()

    assert set(WaitlistEntry.objects.values_list("pk", flat=True)) == {fresh.pk, confirmed.pk}


def test_a_person_takes_their_entry_along_and_is_forgotten(email):
    user = new_user(email)
    join(email)

    [told] = export_user(user)["accounts"]["waitlist"]
    erase_user(user)

    assert told["email"] == email
    assert not WaitlistEntry.objects.exists()


def test_staff_invite_whom_they_choose_and_twice_is_one_mail(db):
    people, [unconfirmed] = wait(3), wait(1, confirmed=False)
    operator = browser_of(staff("operator"))
    chosen = [str(one.pk) for one in (*people[:2], unconfirmed)]

    for _click in range(2):
        operator.post(LIST, {"action": "invite_selected", "_selected_action": chosen})

    mailed = OutgoingMail.objects.filter(key__startswith="waitlist_invitation:")
    assert {mail.to for mail in mailed} == {one.email for one in people[:2]}
    assert AuditEntry.objects.filter(action="waitlist_invited").count() == 2


def test_staff_invite_who_has_waited_longest_and_one_form_counts_once(db):
    people = wait(4)
    operator = browser_of(staff("operator"))
    form = {"count": "2", "invited_before": "0"}

    answers = [operator.post(f"{LIST}invitations/", form, follow=True) for _click in range(2)]

    invited = WaitlistEntry.objects.filter(invited_at__isnull=False)
    assert set(invited.values_list("email", flat=True)) == {one.email for one in people[:2]}
    assert "2 people are invited" in answers[0].text
    assert "People have been invited since" in answers[1].text


@pytest.mark.parametrize("wrong", [{}, {"count": "0"}, {"count": "201"}, {"count": "1", "email": "a@b.example"}])
def test_a_form_that_makes_no_sense_invites_nobody(wrong, db):
    wait(1)

    answer = browser_of(staff("operator")).post(f"{LIST}invitations/", {"invited_before": "0"} | wrong)

    assert answer.status_code == 200
    assert not OutgoingMail.objects.exists()


def test_an_address_that_is_not_on_the_list_can_be_invited_and_who_has_an_account_cannot(email):
    member = new_user(new_email("here"))
    [waiting] = wait(1)
    WaitlistEntry.objects.filter(pk=waiting.pk).update(email=member.email)
    operator = browser_of(staff("operator"))

    for address in (email, email, member.email):
        operator.post(f"{LIST}invitations/", {"email": address.upper(), "invited_before": "0"})

    assert waitlist.invite(WaitlistEntry.objects.all(), actor="user:1") == 0
    assert [mail.to for mail in OutgoingMail.objects.all()] == [email]


def test_a_withdrawn_invitation_is_void_and_another_one_can_be_sent(email):
    operator = browser_of(staff("operator"))
    waitlist.invite_address(email=email, actor="user:1")
    pk = str(entry_of(email).pk)

    operator.post(LIST, {"action": "withdraw_selected", "_selected_action": [pk]})

    [void] = links_to(email, "invitation")
    assert new_visitor().get(void).status_code == 404
    assert waitlist.invite_address(email=email, actor="user:1") == 1
    assert new_visitor().get(links_to(email, "invitation")[-1]).status_code == 302
    assert new_visitor().get(void).status_code == 404
    assert AuditEntry.objects.filter(action="waitlist_invitation_withdrawn").count() == 1


def test_support_reads_the_list_and_invites_nobody(db):
    [waiting] = wait(1)
    support = browser_of(staff("support"))

    page = support.get(LIST)
    support.post(LIST, {"action": "invite_selected", "_selected_action": [str(waiting.pk)]})

    assert waiting.email in page.text
    assert waiting.digest not in support.get(f"{LIST}{waiting.pk}/change/").text
    assert support.post(f"{LIST}invitations/", {"count": "1", "invited_before": "0"}).status_code == 403
    assert not OutgoingMail.objects.exists()


STAGES = {"waiting": 1, "unconfirmed": 1, "invited": 1, "expired": 1, "signed_up": 1, "": 5}


def test_the_list_is_searched_by_a_part_of_an_address_and_narrowed_by_stage(db):
    now, one_of_each = timezone.now(), [*wait(4), *wait(1, confirmed=False)]
    _waiting, invited, expired, signed_up, _unconfirmed = (WaitlistEntry.objects.filter(pk=e.pk) for e in one_of_each)
    for rows, ends in [(invited, now + timedelta(days=1)), (expired, now), (signed_up, now)]:
        rows.update(invited_at=now - timedelta(days=1), expires_at=ends)
    signed_up.update(signed_up_at=now)
    superuser = browser_of(staff("superuser"))

    found = {stage: superuser.get(LIST, {"stage": stage}).context["cl"].result_count for stage in STAGES}

    assert found == STAGES
    part = one_of_each[0].email.partition("@")[0].upper()
    assert superuser.get(LIST, {"q": part}).context["cl"].result_count == 1


IMPOSSIBLE = [
    {"email": "Ada@example.com"},
    {"invited_at": "now"},
    {"invitation_digest": "x"},
    {"invited_at": "now", "expires_at": "now"},
    {"signed_up_at": "now"},
]


@pytest.mark.parametrize("fields", IMPOSSIBLE)
def test_the_database_refuses_what_cannot_be(fields, db):
    [entry] = wait(1)
    now = timezone.now()

    with pytest.raises(IntegrityError), transaction.atomic():
        WaitlistEntry.objects.filter(pk=entry.pk).update(
            **{name: now if value == "now" else value for name, value in fields.items()}
        )


@pytest.mark.usefixtures("committed_db")
def test_eight_clicks_at_once_are_one_mail_each():
    wait(2)
    at_once(8, lambda: invite_two())
    at_once(8, lambda: waitlist.join(email="ada@example.com"))

    assert OutgoingMail.objects.filter(key__startswith="waitlist_invitation:").count() == 2
    assert OutgoingMail.objects.filter(to="ada@example.com").count() == 1


def invite_two():
    with system_scope():
        waitlist.invite(WaitlistEntry.objects.all(), actor="user:1")


def at_once(times, act):
    start = threading.Barrier(times)

    def one():
        start.wait()
        try:
            act()
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(times)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


@pytest.mark.long
def test_twenty_thousand_names_stay_quick(db, django_assert_max_num_queries):
    wait(20_000)
    superuser = browser_of(staff("superuser"))
    superuser.get(LIST)

    for query in ({}, {"q": "person1999"}, {"stage": "waiting"}, {"p": "40"}):
        with django_assert_max_num_queries(12):
            started = time.monotonic()
            assert superuser.get(LIST, query).status_code == 200
        assert time.monotonic() - started < 3
