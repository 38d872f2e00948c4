"""Welcome credits come once per person, not to throw-away addresses, and so many a day to one network."""

import random
from ipaddress import IPv4Address

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed

from apps.accounts.selectors import find_personal_workspace
from apps.billing import selectors, welcome
from apps.billing.models import FormerAddress
from apps.core import alerts, redis
from apps.core.origin import origin
from tests.accounts.conftest import PASSWORD, deliver_mails, link_in, new_email, new_user, new_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(monkeypatch) -> list[dict]:
    """What staff are told."""
    sent: list[dict] = []
    monkeypatch.setattr(alerts, "send", lambda **facts: sent.append(facts))
    return sent


def welcomed(email: str, *, caller: str = "") -> int:
    """Confirm somebody's new account, and return the credits that it starts with."""
    user = new_user(email)
    with origin(address=caller):
        email_confirmed.send(sender=EmailAddress, request=None, email_address=EmailAddress.objects.get(user=user))
    workspace = find_personal_workspace(user)
    return int(selectors.get_balance(workspace.pk).balance)


def new_network() -> str:
    return str(IPv4Address(random.randint(2**24, 2**32 - 2**28)))


def test_two_spellings_of_one_mailbox_get_one_welcome():
    name = new_email("ada").partition("@")[0].replace(".", "").replace("-", "")

    spellings = [f"{name}@gmail.com", f"{name}+again@gmail.com", f"{name[:3]}.{name[3:]}@googlemail.com"]

    assert [welcomed(email) for email in spellings] == [500, 0, 0]


def test_another_mailbox_gets_its_own_and_only_hashes_are_kept():
    emails = [new_email("ada"), new_email("bob")]

    assert [welcomed(email) for email in emails] == [500, 500]
    assert all(len(row.digest) == 64 and row.erased_on is None for row in FormerAddress.objects.all())


def test_a_throw_away_address_gets_none(tmp_path, settings):
    listed = tmp_path / "domains.txt"
    listed.write_text("throwaway.example\n")
    settings.DISPOSABLE_DOMAINS_FILE = str(listed)

    assert welcomed("somebody@throwaway.example") == 0


def test_a_network_gets_so_many_a_day_and_staff_hear_of_it(settings, told):
    settings.SIGN_UP_GRANTS_PER_NETWORK = 2
    network = new_network()

    given = [welcomed(new_email(f"person{number}"), caller=network) for number in range(3)]

    assert given == [500, 500, 0]
    assert welcomed(new_email("neighbor"), caller=new_network()) == 500
    assert {alert["kind"] for alert in told} == {"sign_ups_of_one_network"}
    assert len({alert["window"] for alert in told}) == 1
    assert network not in str(told)


def test_one_household_of_ipv6_is_one_network(settings, told):
    settings.SIGN_UP_GRANTS_PER_NETWORK = 1
    network = f"2001:db8:{random.randint(1, 9999):x}:{random.randint(1, 9999):x}"

    assert [welcomed(new_email(f"p{host}"), caller=f"{network}::{host}") for host in (1, 2)] == [500, 0]


def test_no_cap_counts_nobody(settings, told):
    settings.SIGN_UP_GRANTS_PER_NETWORK = 0
    network = new_network()

    assert [welcomed(new_email(f"p{n}"), caller=network) for n in range(3)] == [500] * 3
    assert told == []


def test_who_gets_none_reads_why_and_is_promised_none(tmp_path, settings):
    listed = tmp_path / "domains.txt"
    listed.write_text("example.com\n")
    settings.DISPOSABLE_DOMAINS_FILE = str(listed)
    visitor, email = new_visitor(), "somebody@mail.example.com"
    visitor.post("/accounts/signup/", {"email": email, "password1": PASSWORD})
    [asked] = deliver_mails()

    answer = visitor.post(link_in(asked), follow=True)
    [welcomed_mail] = [mail for mail in deliver_mails() if mail.subject.startswith("Welcome")]

    assert str(welcome.DISPOSABLE) in answer.text
    assert "free credit" not in welcomed_mail.body


@pytest.fixture
def dead_redis(settings):
    """Switch to a Redis that is not there, and back."""

    def die() -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        redis.client.cache_clear()

    yield die
    redis.client.cache_clear()


def test_redis_away_nothing_is_given_and_the_link_stays_good(settings, dead_redis):
    settings.SIGN_UP_GRANTS_PER_NETWORK = 5
    visitor, email = new_visitor(), new_email("ada")
    visitor.post("/accounts/signup/", {"email": email, "password1": PASSWORD})
    [asked] = deliver_mails()
    dead_redis()

    answer = visitor.post(link_in(asked))

    assert answer.status_code == 503
    assert not EmailAddress.objects.get(email=email).verified
