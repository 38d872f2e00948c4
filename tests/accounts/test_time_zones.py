"""Times are shown in the person's own zone; the database keeps UTC."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError
from django.utils import timezone

from apps.accounts import services
from apps.accounts.models import User
from apps.accounts.time_zones import is_time_zone, list_time_zones, time_zone_or_utc
from tests.accounts.conftest import PASSWORD, new_email
from tests.factories import GenerationFactory

pytestmark = pytest.mark.django_db
BAD_NAMES = ["", "Nowhere", "Europe/Nowhere", "../../etc/passwd", "Europe/Berlin\n", "europe/berlin", "x" * 65, "\x00"]


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Calcutta"])
def test_a_zone_of_the_world_is_one(name):
    assert is_time_zone(name)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_anything_else_is_none_and_counts_as_utc(name):
    assert not is_time_zone(name)
    assert time_zone_or_utc(name) == "UTC"


def test_every_zone_to_choose_from_is_one():
    assert len(list_time_zones()) > 300
    assert all(is_time_zone(name) for name in list_time_zones())


@pytest.mark.parametrize("name", ["", "Berlin", "Europe/Berlin; DROP"])
def test_the_database_takes_nothing_that_is_no_name(owner, name):
    with pytest.raises(IntegrityError, match="user_time_zone_looks_like_a_name"):
        User.objects.filter(pk=owner.pk).update(time_zone=name)


EVENING = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)
IN_LONDON = '<time datetime="2026-03-14T23:30:00+00:00" title="March 14, 2026, 11:30 p.m. GMT">March 14, 2026</time>'
IN_TOKYO = '<time datetime="2026-03-15T08:30:00+09:00" title="March 15, 2026, 8:30 a.m. JST">March 15, 2026</time>'


@pytest.mark.parametrize(("zone", "shown"), [("Europe/London", IN_LONDON), ("Asia/Tokyo", IN_TOKYO)])
def test_half_past_eleven_in_london_is_the_next_morning_in_tokyo(visitor, owner, zone, shown):
    services.save_preferences(user=owner, time_zone=zone)
    visitor.force_login(owner)
    owner.usersession_set.update(created_at=EVENING)

    assert shown in visitor.get("/settings/security/").text


def test_a_zone_that_the_machine_has_lost_shows_utc_and_breaks_nothing(visitor, owner):
    services.save_preferences(user=owner, time_zone="Mars/Olympus_Mons")
    visitor.force_login(owner)

    assert visitor.get("/settings/preferences/").status_code == 200


def test_the_zone_of_one_request_is_not_that_of_the_next(visitor, owner):
    services.save_preferences(user=owner, time_zone="Asia/Tokyo")
    visitor.force_login(owner)

    visitor.get("/settings/preferences/")

    assert timezone.get_current_timezone_name() == "UTC"


def sign_up(visitor, **fields):
    email = new_email("ada")
    visitor.post("/accounts/signup/", {"email": email, "password1": PASSWORD, **fields})
    return User.objects.get(email=email)


def test_signing_up_takes_the_zone_of_the_browser(visitor):
    assert sign_up(visitor, time_zone="Europe/Lisbon").time_zone == "Europe/Lisbon"


@pytest.mark.parametrize("name", BAD_NAMES)
def test_signing_up_does_not_fail_over_a_zone(visitor, name):
    assert sign_up(visitor, time_zone=name).time_zone == "UTC"


def test_a_browser_without_javascript_sends_no_zone(visitor):
    assert sign_up(visitor).time_zone == "UTC"


def test_a_time_of_a_generation_is_shown_in_the_zone(visitor):
    made = GenerationFactory(created_at=EVENING)
    services.save_preferences(user=made.user, time_zone="Asia/Tokyo")
    visitor.force_login(made.user)

    page = visitor.get(f"/generations/{made.pk}/").text
    assert '<time datetime="2026-03-15T08:30:00+09:00">March 15, 2026, 8:30 a.m. JST</time>' in page
