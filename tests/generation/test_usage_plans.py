"""With a long history of many customers, the usage page reads its own rows through an index."""

from datetime import UTC, datetime
from importlib import import_module
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Workspace
from apps.core.db import workspace_scope
from apps.usage import breakdown
from apps.usage.breakdown import Span
from apps.usage.models import UsageRecord
from tests.factories import MembershipFactory
from tests.usage import steps

pytestmark = pytest.mark.usefixtures("committed_db")

FILL = import_module("apps.usage.migrations.0004_fill_member_usage")
RECORDS = 50_000
NOW = datetime(2026, 5, 31, tzinfo=UTC)
# One record becomes many: of all workspaces, at all times of a year, of some models and templates.
MULTIPLY = """
    INSERT INTO usage_usagerecord ({columns}, id, workspace_id, key, request_model, template, created_at)
    SELECT {columns}, gen_random_uuid(), (%(workspaces)s::uuid[])[1 + n %% %(count)s], 'n:' || n, 'm-' || n %% 3,
           't-' || n %% 7, %(now)s - n %% 365 * interval '1 day'
      FROM usage_usagerecord, generate_series(1, %(records)s) AS n
"""
OWN = {"id", "workspace_id", "key", "request_model", "template", "created_at"}


@pytest.fixture
def member(committed_db):
    """Somebody with a hundredth part of a long history."""
    member = MembershipFactory()
    steps.record(member.workspace_id, user_id=member.user_id, at=NOW)
    others = Workspace.objects.bulk_create(Workspace(name="Other") for _number in range(99))
    columns = [field.column for field in UsageRecord._meta.local_concrete_fields if field.column not in OWN]
    workspaces = [member.workspace_id, *(other.pk for other in others)]
    values = {"workspaces": workspaces, "count": 100, "now": NOW, "records": RECORDS}
    with connections["owner"].cursor() as cursor:
        cursor.execute(MULTIPLY.format(columns=", ".join(columns)), values)
        FILL.fill(None, SimpleNamespace(connection=connections["owner"]))
        cursor.execute("ANALYZE usage_memberusage, usage_usagerecord")
    return member


def test_every_question_of_the_page_uses_an_index(member) -> None:
    client = Client()
    client.force_login(member.user)
    with time_machine.travel(NOW), CaptureQueriesContext(connection) as asked:
        for by in ("day", "template", "model", "member", "key"):
            assert client.get(f"/usage/?by={by}&period=90-days").status_code == 200
        span = Span(member.workspace_id, NOW.date().replace(day=1), NOW.date())
        with workspace_scope(member.workspace_id):
            assert breakdown.list_records(span)[:500]

    plans = [_explain(query["sql"]) for query in asked if '"usage_' in query["sql"]]
    assert len(plans) > 10
    assert [plan for plan in plans if "Seq Scan on usage_" in plan] == []


def _explain(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())
