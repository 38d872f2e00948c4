"""Visitors, their mails, and their way in."""

import ipaddress
import random
import re
import secrets

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail as sent_mail
from django.test import Client
from django.urls import get_resolver

from apps.accounts import consent
from apps.accounts.models import User
from apps.accounts.services import create_personal_workspace
from apps.core import mail

PASSWORD = "correct-horse-battery"


def new_visitor() -> Client:
    """A browser at an address of its own, so that limits of other tests do not meet."""
    return Client(REMOTE_ADDR=str(ipaddress.IPv4Address(random.randint(2**24, 2**32 - 2**28))))


def new_email(name: str) -> str:
    """An address that no other test has used: limits per address outlive a test."""
    return f"{name}-{secrets.token_hex(4)}@example.com"


def new_user(email: str, *, verified: bool = True) -> User:
    """A user as sign-up leaves them."""
    user = User.objects.create_user(email, PASSWORD, consent_version=consent.VERSION)
    create_personal_workspace(user=user)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def deliver_mails() -> list:
    """Do the worker's part: send what is queued, and return all that was ever sent."""
    for mail_id in mail.list_due_mail_ids():
        mail.deliver(mail_id)
    return sent_mail.outbox


def link_in(message) -> str:
    """Return the path of the first link of a mail."""
    return re.search(r"https?://[^/\s]+(/accounts/\S+)", message.body)[1]


def comparable(page: str) -> str:
    """Return a page without what differs from one request to the next: tokens, and seconds left."""
    return re.sub(r'(csrfmiddlewaretoken" value="|data-wait-seconds=")[^"]+', r"\1", page)


@pytest.fixture(scope="session", autouse=True)
def _addresses() -> None:
    """Read every address at once: on a busy machine that takes longer than an open transaction may wait."""
    get_resolver().url_patterns  # noqa: B018


@pytest.fixture
def visitor() -> Client:
    return new_visitor()


@pytest.fixture
def owner(db) -> User:
    return new_user(new_email("owner"))


@pytest.fixture
def stranger(db) -> User:
    return new_user(new_email("stranger"))


@pytest.fixture
def hashes(monkeypatch) -> list[str]:
    """Every hash that is computed, by the real hasher."""
    computed, encode = [], MD5PasswordHasher.encode

    def counted(self, password, salt):
        computed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return computed
