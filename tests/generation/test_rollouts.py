"""What is rolled out gradually is offered to some, always the same ones, and refused to all others everywhere."""

import pytest
from django.contrib.auth.models import Group
from django.test import RequestFactory
from waffle import flag_is_active

from apps.generation import rollouts
from apps.generation.catalogue import UnknownModelError
from apps.generation.models import Flag
from apps.generation.prompts import UnknownTemplateError
from tests.factories import UserFactory
from tests.generation import runs

pytestmark = pytest.mark.usefixtures("nothing_kept")
NAME = "rollout:template:summary"


def is_offered(user) -> bool:
    return NAME not in rollouts.read_withheld(user).names


def test_what_has_no_flag_is_offered_to_everybody(db):
    assert is_offered(UserFactory())


@pytest.mark.parametrize(
    ("fields", "person", "offered"),
    [
        ({}, {}, False),
        ({"everyone": True}, {}, True),
        ({"everyone": False, "staff": True, "percent": 100}, {"is_staff": True}, False),
        ({"staff": True}, {"is_staff": True}, True),
        ({"staff": True}, {}, False),
        ({"superusers": True}, {"is_superuser": True}, True),
        ({"percent": 100}, {}, True),
        ({"percent": 0}, {}, False),
    ],
)
def test_a_flag_says_whom_and_waffle_says_the_same(fields, person, offered, db):
    Flag.objects.create(name=NAME, **{"superusers": False, **fields})
    user = UserFactory(**person)
    request = RequestFactory().get("/")
    request.user = user

    assert is_offered(user) is offered
    assert bool(flag_is_active(request, NAME)) is offered


def test_people_and_groups_are_offered_it_by_name(db):
    named, grouped, other = UserFactory.create_batch(3)
    group = Group.objects.create(name="early birds")
    grouped.groups.add(group)
    flag = Flag.objects.create(name=NAME, superusers=False)
    flag.users.add(named)
    flag.groups.add(group)

    assert [is_offered(user) for user in (named, grouped, other)] == [True, True, False]
    assert [flag.is_active_for_user(user) or False for user in (named, grouped, other)] == [True, True, False]


def test_raising_the_percents_takes_it_from_nobody_and_each_flag_has_its_own_people():
    people = range(4_000)
    some, more, others = (
        {user for user in people if Flag(name=name, percent=percent).has_in_percent(user)}
        for name, percent in ((NAME, 10), (NAME, 30), ("rollout:model:x", 10))
    )

    assert some < more
    assert 300 < len(some) < 500
    assert 1_050 < len(more) < 1_350
    assert len(some & others) < len(some) / 2


def test_who_is_not_offered_it_neither_sees_nor_starts_it(customer, client):
    client.force_login(customer.user)
    Flag.objects.create(name=NAME, superusers=False)
    Flag.objects.create(name="rollout:model:keel-echo", superusers=False)

    pages = ["/generations/new/", "/generations/batches/new/", "/settings/writing/"]
    texts = [client.get(page).text for page in pages]
    with pytest.raises(UnknownTemplateError):
        runs.start(customer)
    Flag.objects.filter(name=NAME).delete()
    with pytest.raises(UnknownModelError):
        runs.start(customer)

    for text in texts:
        assert "template=summary" not in text
        assert 'value="summary"' not in text
    assert 'value="keel-echo"' not in texts[0]
