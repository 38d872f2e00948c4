"""The stream of a generation's page: who may read it, and that it begins, goes on, comes back and ends."""

import asyncio

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Membership, User, Workspace
from apps.core import redis
from apps.core.ids import uuid7
from apps.generation import events, hub, leases, settling, sse, stream
from apps.generation import readers as asking
from apps.generation.markdown import render
from apps.generation.models import Generation
from apps.generation.outcomes import RunOutcome
from apps.generation.stream import DELTA, OPENED, Entry
from tests.factories import GenerationFactory, MembershipFactory
from tests.generation import readers
from tests.generation.page import Page
from tests.generation.readers import Reader, in_thread, play

TEXT = "# One\n\ntwo\n\nthree"


@pytest.fixture
def member(committed_db):
    return MembershipFactory()


@pytest.fixture
def cookie(member):
    return readers.log_in(member.user)


@pytest.fixture
def lease(member):
    """The lease of a running generation whose stream is open."""
    lease = leases.claim(GenerationFactory(membership=member).pk)
    append(lease, 1, "", kind=OPENED)
    yield lease
    redis.client().delete(stream.stream_key(lease.generation_id))


@pytest.fixture
def finished(member):
    lease = leases.claim(GenerationFactory(membership=member).pk)
    finish(lease, TEXT)
    return lease.generation_id


def append(lease, number, text, *, kind=DELTA):
    assert stream.append_all([(lease.generation_id, Entry(number, kind, text))]) == [stream.STORED]


def finish(lease, text):
    assert settling.settle(lease, RunOutcome("succeeded", text, (), "stop"))
    stream.announce(lease.generation_id, stream.END)
    connection.close()


def page_of(body: bytes) -> Page:
    page = Page()
    page.take(body)
    return page


async def answer(*arguments, **options) -> Reader:
    async with Reader(*arguments, **options) as reader:
        await reader.rest()
    return reader


def test_a_stranger_without_a_session_is_not_let_in(finished):
    for cookie in ("", "sessionid=unknown", "sessionid=" + "x" * 5000):
        assert play(answer(finished, cookie=cookie)).status == 401


def test_a_person_who_may_no_longer_log_in_is_not_let_in(member, cookie, finished):
    member.user.is_active = False
    member.user.save()

    assert play(answer(finished, cookie=cookie)).status == 401


def test_another_tenant_learns_nothing(finished):
    cookie = readers.log_in(MembershipFactory().user)

    foreign, unknown = play(answer(finished, cookie=cookie)), play(answer(uuid7(), cookie=cookie))

    assert (foreign.status, foreign.body) == (unknown.status, unknown.body) == (404, b"Not Found")


@pytest.mark.parametrize("change", [{"role": "billing"}, {"user__is_active": False}])
def test_who_may_no_longer_read_is_sent_away_in_the_middle(monkeypatch, member, lease, cookie, change):
    monkeypatch.setattr("apps.generation.readers.CHECK_SECONDS", 0.1)

    async def scene():
        async with Reader(lease.generation_id, cookie=cookie) as reader:
            await reader.until(b"event: status")
            await in_thread(take_away, member, change)
            await reader.rest()
            return reader

    assert b"event: done" not in play(scene()).body
    assert play(answer(lease.generation_id, cookie=cookie)).status in {401, 404}


def take_away(member, change):
    if "role" in change:
        Membership.objects.filter(pk=member.pk).update(**change)
    else:
        User.objects.filter(pk=member.user_id).update(is_active=False)
    connection.close()


def test_an_ex_member_and_a_deleted_team_are_sent_away_others_stay(member, lease):
    mate = MembershipFactory(workspace=member.workspace, role="member")
    asked = [asking.Reader(each.user_id, lease.generation_id) for each in (member, mate)]

    assert asking.list_allowed(asked) == set(asked)
    mate.delete()
    assert asking.list_allowed(asked) == {asked[0]}
    Workspace.objects.filter(pk=member.workspace_id).update(kind="team", deleted_at=timezone.now())
    assert asking.list_allowed(asked) == set()


def test_a_deleted_generation_is_gone(finished, cookie):
    Generation.objects.filter(pk=finished).update(deleted_at=timezone.now())

    assert play(answer(finished, cookie=cookie)).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD"])
def test_a_stream_is_only_read(method, finished, cookie):
    assert play(answer(finished, cookie=cookie, method=method)).status == 405


def test_an_address_without_an_id_is_not_found(cookie, committed_db):
    assert play(answer("no-id", cookie=cookie)).status == 404


def test_proxies_and_caches_are_told_to_stay_out(finished, cookie):
    headers = play(answer(finished, cookie=cookie)).headers

    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert headers["x-request-id"]


@pytest.mark.parametrize("cursor", ["", "0.1", "2.57", "99.9", "garbage", "9" * 60, "-1.-1"])
@pytest.mark.parametrize("name", ["after", "last_event_id"])
def test_a_finished_generation_replays_from_postgresql(name, cursor, finished, cookie, own_valkey):
    own_valkey.kill()

    page = page_of(play(answer(finished, cookie=cookie, **{name: cursor})).body)

    own_valkey.start()
    assert (page.blocks, page.tail, page.is_done) == (render(TEXT), "", True)


def test_the_first_bytes_come_before_anything_is_known(lease, cookie):
    async def scene():
        async with Reader(lease.generation_id, cookie=cookie) as reader:
            return await reader.until(b"event: status")

    body = play(scene())

    assert body.startswith(events.PREAMBLE)
    assert b"data: running\n" in body


def test_a_silent_stream_is_kept_alive(lease, cookie, monkeypatch):
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.05)

    async def scene():
        async with Reader(lease.generation_id, cookie=cookie) as reader:
            await reader.until(b"event: status")
            return await reader.until(events.HEARTBEAT * 3)

    assert play(scene()).count(b"event:") == 1
    assert sse.HEARTBEAT_SECONDS <= 15


def test_a_reader_gets_text_as_it_comes_and_its_end(lease, cookie):
    async def scene():
        async with Reader(lease.generation_id, cookie=cookie) as reader:
            await reader.until(b"running")
            for number, piece in enumerate(["# One\n\nt", "wo\n\nth", "ree"], start=2):
                append(lease, number, piece)
                await reader.until(f".{number}\n".encode())
            await in_thread(finish, lease, TEXT)
            return await reader.rest()

    page = page_of(play(scene()))

    assert (page.blocks, page.tail, page.is_done) == (render(TEXT), "", True)


def test_a_reader_who_joins_late_and_comes_back_misses_nothing(lease, cookie):
    async def scene():
        append(lease, 2, "# One\n\ntwo\n\n")
        async with Reader(lease.generation_id, cookie=cookie) as reader:
            page = page_of(await reader.until(b"two"))
        append(lease, 3, "thr")
        async with Reader(lease.generation_id, cookie=cookie, after=page.cursor) as reader:
            page.take(await reader.until(b"thr"))
            assert b"One" not in reader.body
            append(lease, 4, "ee")
            await in_thread(finish, lease, TEXT)
            page.take((await reader.rest()).partition(b"thr")[2].partition(b"\n\n")[2])
        return page

    assert play(scene()).blocks == render(TEXT)


def test_an_end_that_was_not_announced_is_found(lease, cookie, monkeypatch):
    monkeypatch.setattr(hub, "SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(hub, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(stream, "announce", lambda *_unheard: None)

    async def scene():
        async with Reader(lease.generation_id, cookie=cookie) as reader:
            await reader.until(b"running")
            await in_thread(finish, lease, TEXT)
            return await reader.rest()

    assert page_of(play(scene())).blocks == render(TEXT)


def test_a_reader_who_comes_while_redis_is_away_is_kept_and_served_later(lease, cookie, own_valkey, monkeypatch):
    monkeypatch.setattr(sse, "HEARTBEAT_SECONDS", 0.05)
    own_valkey.kill()

    async def scene():
        async with Reader(lease.generation_id, cookie=cookie) as reader:
            await reader.until(events.HEARTBEAT * 3)
            await in_thread(own_valkey.start)
            append(lease, 1, "", kind=OPENED)
            append(lease, 2, "it is back")
            return await reader.until(b"it is back")

    assert page_of(play(scene())).status == "running"


def test_readers_share_one_channel_and_the_last_one_drops_it(lease, cookie):
    name = stream.channel(lease.generation_id)

    async def scene():
        async with Reader(lease.generation_id, cookie=cookie) as first:
            async with Reader(lease.generation_id, cookie=cookie) as second:
                await first.until(b"running")
                await second.until(b"running")
                assert subscribers(name) == 1
            append(lease, 2, "still read")
            await first.until(b"still read")
        await until(lambda: subscribers(name) == 0)

    play(scene())


def subscribers(name):
    return redis.client().pubsub_numsub(name)[0][1]


async def until(condition):
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError
