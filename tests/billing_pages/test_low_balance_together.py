"""Several who look for low balances at the same time send one mail."""

from concurrent.futures import ThreadPoolExecutor

from django.core.cache import cache
from django.db import connections

from apps.accounts.selectors import find_personal_workspace
from apps.billing import low_balance
from apps.core.models import OutgoingMail
from tests.accounts.conftest import new_email, new_user
from tests.billing_pages.purses import give, spend, told


def look(_number: int) -> int:
    try:
        return low_balance.notify_low_balances()
    finally:
        connections.close_all()


def test_many_who_look_at_the_same_time_send_one_mail(committed_db):
    cache.delete(low_balance.READ_UNTIL)
    owner = new_user(new_email("owner"))
    workspace = find_personal_workspace(owner)
    give(workspace, 100)
    spend(workspace, 60)

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(look, range(16)))

    assert found == {1}
    assert told() == [owner.email]
    assert OutgoingMail.objects.filter(status="queued").count() == 1
