"""One welcome per mailbox, also when its spellings are confirmed at the same time."""

from functools import partial

from tests.accounts.conftest import new_email
from tests.billing import parallel, test_welcome


def test_accounts_that_confirm_at_the_same_time_share_one_welcome(committed_db):
    name = new_email("ada").partition("@")[0].replace("-", "")
    spellings = [f"{name}+{number}@gmail.com" for number in range(4)]

    given = parallel.in_threads([partial(test_welcome.welcomed, email) for email in spellings])

    assert sorted(given) == [0, 0, 0, 500]
