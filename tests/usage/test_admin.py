"""Staff read the meter in the admin and change nothing there."""

from datetime import timedelta

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.core.request_id import bind_request_id
from apps.usage.models import UsageRecord
from apps.usage.tasks import roll_up_totals
from tests.usage import steps

LISTS = ["/admin/usage/usagerecord/", "/admin/usage/dailytotal/"]


@pytest.fixture
def staff(db: None, client: Client) -> Client:
    client.force_login(User.objects.create_superuser("staff@example.com", "password"))
    return client


@pytest.fixture
def two_records(staff: Client) -> list[UsageRecord]:
    for number in (1, 2):
        bind_request_id(f"request-{number}")
        steps.record(steps.new_workspace_id(), charged=number, at=steps.NOON + timedelta(hours=number))
    roll_up_totals()
    return list(UsageRecord.objects.order_by("created_at"))


@pytest.mark.parametrize("address", LISTS)
def test_staff_see_rows_and_cannot_add_change_or_delete_them(
    staff: Client, two_records: list[UsageRecord], address: str
) -> None:
    row = two_records[0].pk if "usagerecord" in address else "1"

    answers = [staff.get(address + path).status_code for path in ("", "add/", f"{row}/delete/")]

    assert answers == [200, 403, 403]
    assert staff.post(f"{address}{two_records[0].pk}/change/", {"charged_credits": 0}).status_code in {302, 403}


def test_a_record_is_found_by_its_request_id(staff: Client, two_records: list[UsageRecord]) -> None:
    page = staff.get(LISTS[0], {"q": "request-2"}).content.decode()

    assert [str(line.pk) in page for line in two_records] == [False, True]


def test_a_record_is_found_by_part_of_the_workspaces_name(staff: Client, two_records: list[UsageRecord]) -> None:
    two_records[0].workspace.name = "Acme Tools"
    two_records[0].workspace.save()

    page = staff.get(LISTS[0], {"q": "acme"}).content.decode()

    assert [str(line.pk) in page for line in two_records] == [True, False]


@pytest.mark.parametrize("address", LISTS)
def test_customers_are_kept_out(db: None, client: Client, address: str) -> None:
    client.force_login(User.objects.create_user("someone@example.com", "password"))

    assert client.get(address).status_code == 302
