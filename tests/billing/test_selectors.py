"""Reads of one workspace, and of no other."""

from typing import Any
from uuid import UUID

from apps.billing import selectors
from tests.billing import steps


def test_the_balance_is_one_query(workspace_id: UUID, django_assert_num_queries: Any) -> None:
    steps.give(workspace_id, 10)
    steps.hold(workspace_id, 4)

    with django_assert_num_queries(1):
        balance = selectors.get_balance(workspace_id)

    assert balance == (10, 4, 6, 0)


def test_each_operation_is_one_round_trip(workspace_id: UUID, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):
        steps.give(workspace_id, 10)
        steps.capture(steps.hold(workspace_id, 4), 2)


def test_lists_belong_to_one_workspace_and_have_an_order(workspace_id: UUID) -> None:
    other_id = steps.new_workspace_id()
    for owner_id in (workspace_id, other_id):
        steps.give(owner_id, 10)
        steps.give(owner_id, 5, hours=2)
        steps.release(steps.hold(owner_id, 1))
    first, second = steps.hold(workspace_id, 2), steps.hold(workspace_id, 3)

    assert [entry.amount for entry in selectors.list_entries(workspace_id)] == [5, 10]
    assert [grant.amount for grant in selectors.list_grants(workspace_id)] == [5, 10]
    assert [held.pk for held in selectors.list_open_holds(workspace_id)] == [first.id, second.id]
    assert list(selectors.list_open_holds(other_id)) == []
