"""The single records of a span as CSV: all of them, whole, and in reach of the ledger. Pages are read and committed."""

import asyncio
import csv
import io
from datetime import timedelta
from random import Random

import pytest
from django.http import StreamingHttpResponse
from django.test import Client

from apps.accounts.models import ApiKey, Membership
from apps.billing import ledger
from apps.billing.models import LedgerEntry
from apps.core.ids import uuid7
from apps.core.text import plain
from apps.generation import usage_csv
from tests.factories import FundedMembershipFactory, MembershipFactory
from tests.usage import histories, steps

pytestmark = pytest.mark.usefixtures("committed_db")

URL = "/usage/records/?since=2026-04-01&until=2026-05-31"


@pytest.fixture
def member(committed_db) -> Membership:
    return FundedMembershipFactory()


@pytest.fixture
def key(member: Membership) -> ApiKey:
    secret = {"prefix": "keel_1", "secret_hash": "1", "scopes": ["generations:read"], "idempotency_key": "1"}
    of = {"workspace": member.workspace, "user": member.user, "requests_per_minute": 1}
    return ApiKey.objects.create(name="-2+3 robot", **of, **secret)


def _download(member: Membership) -> list[dict[str, str]]:
    client = Client()
    client.force_login(member.user)
    answer = client.get(URL)
    assert isinstance(answer, StreamingHttpResponse)
    text = asyncio.run(_whole(answer)).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


async def _whole(answer: StreamingHttpResponse) -> bytes:
    return b"".join([part async for part in answer.streaming_content])


def _facts(line: histories.Attempted) -> tuple[str, ...]:
    counts = (line.input_tokens, line.cached, line.output_tokens, line.charged)
    shown = ("'-2+3 robot" if line.api_key_id else "On the pages", line.model, plain(line.template))
    duration = "" if line.duration_ms is None else str(line.duration_ms)
    return (str(line.subject_id), *shown, *map(str, counts), duration)


def test_every_record_is_in_the_file_over_many_pages(member: Membership, key: ApiKey, monkeypatch) -> None:
    monkeypatch.setattr(usage_csv, "RECORDS_PER_PAGE", 7)
    lines = histories.live(Random(9), member.workspace_id, users=[member.user], keys=[None, key.pk])
    # As many at one moment as do not fit on a page.
    steps.record(member.workspace_id, *(steps.attempt(cached=9) for _number in range(15)), user_id=member.user_id)

    rows = _download(member)

    columns = ["generation", "api_key", "model", "template", "input_tokens", "cached_input_tokens", "output_tokens"]
    columns += ["credits", "milliseconds"]
    made = [tuple(row[name] for name in columns) for row in rows if row["cached_input_tokens"] != "9"]
    assert sorted(made) == sorted(map(_facts, lines))
    assert len(rows) == len(lines) + 15
    assert [row["time_utc"] for row in rows] == sorted(row["time_utc"] for row in rows)


def test_what_was_charged_names_its_entry_and_a_member_has_their_own_lines(member: Membership) -> None:
    other, subject_id = MembershipFactory(workspace=member.workspace, role="member"), uuid7()
    steps.record(member.workspace_id, steps.attempt(), charged=4, subject_id=subject_id, user_id=member.user_id)
    steps.record(member.workspace_id, charged=0, user_id=other.user_id, at=steps.NOON + timedelta(hours=1))
    hold = ledger.place_hold(workspace_id=member.workspace_id, amount_credits=9, idempotency_key="hold", ttl_seconds=60)
    ledger.capture(hold_id=hold.id, amount_credits=4, idempotency_key=f"capture:generation:{subject_id}")

    entry = LedgerEntry.objects.get(kind="capture")

    assert [row["ledger_entry"] for row in _download(member)] == [str(entry.position), ""]
    assert [row["member"] for row in _download(other)] == [other.user.email]
