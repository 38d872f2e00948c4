"""Two hundred readers of one web process hold no database connection and no thread."""

import asyncio
import os

import pytest

from apps.core import redis
from apps.generation import leases, stream
from apps.generation.models import Generation
from apps.generation.stream import DELTA, OPENED, Entry
from tests.factories import GenerationFactory, MembershipFactory
from tests.generation import readers
from tests.generation.readers import in_thread
from tests.generation.web_process import Browser, WebProcess, web_process
from tests.product import wait_for

STREAMS, GENERATIONS = 200, 20
CONNECTIONS_MAX = 10
# Those that answer ordinary requests; their number depends on the machine, never on the readers.
THREADS_MAX = 18 + (os.cpu_count() or 1)


@pytest.fixture
def member(committed_db):
    return MembershipFactory()


@pytest.fixture
def running(member):
    """Generations that a worker somewhere else is busy with."""
    found = [GenerationFactory(membership=member).pk for _ in range(GENERATIONS)]
    for generation_id in found:
        leases.claim(generation_id)
        append(generation_id, 1, "", kind=OPENED)
    Generation.objects.update(lease_expires_at="2100-01-01T00:00Z")
    yield found
    redis.client().delete(*map(stream.stream_key, found))


def test_two_hundred_readers_hold_no_connection_and_no_thread(running, member):
    cookie = readers.log_in(member.user)
    with web_process() as web:
        asyncio.run(read_all(web, running, cookie=cookie))
        wait_for(lambda: subscribers(running) == 0, seconds=10)

    assert subscribers(running) == 0


async def read_all(web: WebProcess, running, *, cookie):
    paths = [f"/generations/{generation_id}/stream/" for generation_id in running] * (STREAMS // GENERATIONS)
    browsers = await asyncio.gather(*(Browser.open(port=web.port, path=path, cookie=cookie) for path in paths))

    assert len(browsers) == STREAMS
    assert await in_thread(subscribers, running) == GENERATIONS, "one subscription for all readers of a generation"
    await asyncio.sleep(1)
    states = await in_thread(web.connections)
    assert set(states) <= {"idle"}
    assert len(states) <= CONNECTIONS_MAX
    assert web.process.num_threads() <= THREADS_MAX
    for generation_id in running:
        append(generation_id, 2, f"text of {generation_id}")
    await asyncio.gather(*(browser.until(b"text of") for browser in browsers))
    assert all(path.split("/")[2].encode() in browser.body for browser, path in zip(browsers, paths, strict=True))
    await asyncio.gather(*(browser.close() for browser in browsers))


def subscribers(generation_ids) -> int:
    return sum(count for _name, count in redis.client().pubsub_numsub(*map(stream.channel, generation_ids)))


def append(generation_id, number, text, *, kind=DELTA):
    assert stream.append_all([(generation_id, Entry(number, kind, text))]) == [stream.STORED]
