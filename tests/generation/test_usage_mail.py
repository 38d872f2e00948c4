"""The mail after a month with usage: once for each person, workspace and month, with the figures of the meter."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from apps.accounts.models import User
from apps.core.models import OutgoingMail
from apps.generation import usage_mail, usage_tasks
from tests.factories import MembershipFactory, TeamMembershipFactory
from tests.usage import steps

pytestmark = pytest.mark.usefixtures("db")

APRIL, MAY = datetime(2026, 4, 10, tzinfo=UTC), datetime(2026, 5, 2, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    cache.delete(usage_mail.READ_UNTIL)
    with time_machine.travel(MAY) as traveller:
        yield traveller


@pytest.fixture
def owner():
    return TeamMembershipFactory()


def _use(member, *, at: datetime = APRIL, **more) -> None:
    steps.record(member.workspace_id, user_id=member.user_id, at=at, **more)


def _told() -> list[str]:
    return sorted(OutgoingMail.objects.filter(key__startswith="usage-summary:").values_list("to", flat=True))


def test_those_who_run_a_workspace_are_told_once(owner) -> None:
    admin, member = (MembershipFactory(workspace=owner.workspace, role=role) for role in ("admin", "member"))
    quiet = MembershipFactory(workspace=owner.workspace, role="billing")
    User.objects.filter(pk=quiet.user_id).update(wants_usage_summary_mail=False)
    _use(member)
    _use(MembershipFactory(), at=APRIL - timedelta(days=40))

    for _again in range(2):
        usage_tasks.send_usage_summaries(invented_later="x")
        cache.delete(usage_mail.READ_UNTIL)

    assert _told() == sorted([owner.user.email, admin.user.email])


def test_the_mail_has_the_figures_of_the_month_and_of_the_one_before(owner) -> None:
    for days, charged, template in ((0, 1200, "summary"), (5, 300, "=1+1"), (40, 1000, "summary"), (-30, 9, "x")):
        _use(owner, at=APRIL - timedelta(days=days), charged=charged, template=template)

    usage_mail.send_slice(now=MAY)

    [mail] = OutgoingMail.objects.filter(key__startswith="usage-summary:2026-04:")
    assert mail.subject == "What North Sea Charts used in April 2026"
    assert "used 1,500 credits in April. That is 50 % more than in the month before (1,000)." in mail.text
    for part in ("Summary: 1,200 credits", "=1+1: 300 credits", "since=2026-04-01&until=2026-04-30"):
        assert part in mail.text


def test_slices_follow_one_another_and_end(owner) -> None:
    for member in (owner, MembershipFactory(), MembershipFactory()):
        _use(member)

    more = [usage_mail.send_slice(now=MAY, slice_size=2) for _slice in range(3)]

    assert more == [True, False, False]
    assert len(_told()) == 3


def test_a_month_is_told_of_in_the_first_days_of_the_next_one_and_each_month_anew(owner) -> None:
    _use(owner)
    _use(owner, at=MAY)
    usage_mail.send_slice(now=MAY + timedelta(days=6))
    assert _told() == []

    for now in (MAY, MAY + timedelta(days=31)):
        usage_mail.send_slice(now=now)

    keys = OutgoingMail.objects.filter(key__startswith="usage-summary:").values_list("key", flat=True)
    assert sorted(key.split(":")[1] for key in keys) == ["2026-04", "2026-05"]


def test_it_is_turned_off_in_the_notification_settings(owner) -> None:
    _use(owner)
    client = Client()
    client.force_login(owner.user)

    client.post("/settings/notifications/", {"wants_low_balance_mail": "on"})
    usage_mail.send_slice(now=MAY)

    assert _told() == []
