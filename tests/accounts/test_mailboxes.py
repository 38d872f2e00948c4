"""Spellings of one address lead to one person; what a provider tells apart stays apart."""

import pytest

from apps.accounts.mailboxes import is_disposable, mailbox_of

SAME = [
    ("Ada@Example.com", "ada@example.com"),
    (" ada@example.com ", "ada@example.com"),
    ("ada.love.lace@gmail.com", "adalovelace@gmail.com"),
    ("AdaLovelace+keel@GoogleMail.com", "adalovelace@gmail.com"),
    ("ada+1@outlook.com", "ada@outlook.com"),
    ("ada+x+y@icloud.com", "ada@me.com"),
    ("a.da+z@protonmail.com", "ada@proton.me"),
    ("ada-shop@yahoo.com", "ada@yahoo.com"),
    ("ada@münchen.example", "ada@xn--mnchen-3ya.example"),
    ("ada@MÜNCHEN.example.", "ada@münchen.example"),
    ("\uff41da@example.com", "ada@example.com"),
]
DIFFERENT = [
    ("a.da@example.com", "ada@example.com"),
    ("ada+1@example.com", "ada@example.com"),
    ("ada@outlook.com", "ada@hotmail.com"),
    ("a.da@outlook.com", "ada@outlook.com"),
    ("ada-x@gmail.com", "ada@gmail.com"),
    ("ada@gmail.com.example", "ada@gmail.com"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_these_are_one_mailbox(one, other):
    assert mailbox_of(one) == mailbox_of(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_these_are_two_mailboxes(one, other):
    assert mailbox_of(one) != mailbox_of(other)


@pytest.mark.parametrize("address", ["", "@", "no-at", "a@" + "x" * 80, "a@..", "\ud800@example.com"])
def test_what_is_no_address_is_no_error(address):
    assert isinstance(mailbox_of(address), str)
    assert not is_disposable(address)


def test_throw_away_domains_come_from_a_file_with_all_below_them(tmp_path, settings):
    listed = tmp_path / "domains.txt"
    listed.write_text("# comment\nThrowaway.example  # again\n\nmünchen.example\n")
    settings.DISPOSABLE_DOMAINS_FILE = str(listed)

    disposable = ["a@throwaway.example", "a@MX.throwaway.example", "a@xn--mnchen-3ya.example"]
    assert [is_disposable(address) for address in disposable] == [True] * 3
    assert not any(
        is_disposable(address) for address in ["a@notthrowaway.example", "a@example", "throwaway.example@b.c"]
    )


def test_without_a_file_no_domain_is_disposable():
    assert not is_disposable("a@mailinator.com")
