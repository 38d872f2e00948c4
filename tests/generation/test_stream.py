"""Redis Streams and the flusher: each piece of text stored once, announced once, and refused after the seal."""

import time

import pytest
from redis.exceptions import RedisError

from apps.core import redis
from apps.core.ids import uuid7
from apps.generation import runner, stream
from apps.generation.flusher import Flusher
from apps.generation.stream import DELTA, LOST, OPENED, SEALED, SNAPSHOT, STORED, Entry
from tests.generation import runs
from tests.product import wait_for

PATIENCE_SECONDS = 10


@pytest.fixture
def generation_id():
    generation_id = uuid7()
    yield generation_id
    redis.client().delete(stream.stream_key(generation_id))


@pytest.fixture
def heard(generation_id):
    """What was announced so far."""
    pubsub = redis.client().pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe(stream.channel(generation_id))
    pubsub.get_message(timeout=1)

    def messages():
        found = []
        while message := pubsub.get_message(timeout=0.1):
            found.append(message["data"].decode())
        return found

    yield messages
    pubsub.close()


@pytest.fixture(scope="module")
def flusher():
    return Flusher()


def append(generation_id, *entries):
    return [stream.append_all([(generation_id, Entry(*entry))])[0] for entry in entries]


def stored(generation_id):
    rows = redis.client().xrange(stream.stream_key(generation_id))
    return stream.entries_of(rows)


def test_what_is_stored_is_announced(generation_id, heard):
    assert append(generation_id, (1, OPENED, ""), (2, DELTA, "two\nlines ")) == [STORED, STORED]

    assert heard() == ["1 o ", "2 d two\nlines "]
    assert stream.read_text(generation_id) == "two\nlines "
    assert 0 < redis.client().ttl(stream.stream_key(generation_id)) <= stream.EXPIRES_SECONDS


def test_the_same_entry_twice_is_stored_and_announced_once(generation_id, heard):
    assert append(generation_id, (1, OPENED, ""), (2, DELTA, "once"), (2, DELTA, "once")) == [STORED] * 3

    assert stream.read_text(generation_id) == "once"
    assert heard() == ["1 o ", "2 d once"]


def test_a_delta_never_makes_a_stream(generation_id, heard):
    assert append(generation_id, (2, DELTA, "late")) == [LOST]

    assert not redis.client().exists(stream.stream_key(generation_id))
    assert heard() == []


def test_a_delta_whose_predecessor_redis_has_lost_is_not_stored_behind_the_hole(generation_id, heard):
    append(generation_id, (1, OPENED, ""), (2, DELTA, "a"))

    assert append(generation_id, (4, DELTA, "c")) == [LOST]

    assert stream.read_text(generation_id) == "a"
    assert heard() == ["1 o ", "2 d a"]


@pytest.mark.parametrize("kind", [DELTA, OPENED, SNAPSHOT])
def test_nothing_comes_behind_a_seal(kind, generation_id, heard):
    append(generation_id, (1, OPENED, ""), (2, DELTA, "text"))
    stream.seal(generation_id)
    stream.seal(generation_id)

    assert append(generation_id, (3, kind, "late")) == [SEALED]

    assert stream.read_text(generation_id) == "text"
    assert heard() == ["1 o ", "2 d text"]


def test_sealing_what_was_lost_refuses_its_writer_too(generation_id):
    stream.seal(generation_id)

    assert append(generation_id, (1, OPENED, "")) == [SEALED]
    assert stream.read_text(generation_id) == ""


def test_entries_of_many_generations_are_judged_each_for_itself(generation_id):
    other = uuid7()
    append(generation_id, (1, OPENED, ""))

    assert stream.append_all([(other, Entry(2, DELTA, "x")), (generation_id, Entry(2, DELTA, "y"))]) == [LOST, STORED]


def test_a_redis_that_forgot_the_script_is_told_it_again(generation_id):
    redis.client().script_flush()

    assert append(generation_id, (1, OPENED, "")) == [STORED]


def test_a_snapshot_stands_for_everything_before_it():
    entries = [Entry(1, OPENED, ""), Entry(2, DELTA, "a"), Entry(3, SNAPSHOT, "ab"), Entry(4, DELTA, "c")]

    assert stream.text_of(entries) == "abc"
    assert stream.text_of([]) == ""


def test_a_writer_keeps_the_order_and_leaves_no_hole(generation_id, flusher):
    writer = flusher.open(generation_id)
    pieces = [f"{number} " for number in range(300)]
    for piece in pieces:
        writer.append(piece)
        time.sleep(0.0005)

    assert writer.drain(seconds=PATIENCE_SECONDS)

    entries = stored(generation_id)
    assert stream.text_of(entries) == "".join(pieces)
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert 2 < len(entries) < 300, "pieces were joined"


def test_a_writer_whose_stream_was_lost_sends_its_whole_text_once(generation_id, flusher):
    writer = flusher.open(generation_id)
    writer.append("before ")
    writer.drain(seconds=PATIENCE_SECONDS)
    redis.client().delete(stream.stream_key(generation_id))

    writer.append("after")

    assert writer.drain(seconds=PATIENCE_SECONDS)
    (entry,) = stored(generation_id)
    assert (entry.kind, entry.text) == (SNAPSHOT, "before after")
    writer.append(", and on")
    assert writer.drain(seconds=PATIENCE_SECONDS)
    assert stream.read_text(generation_id) == "before after, and on"


def test_a_writer_fills_the_hole_that_a_restored_redis_has(generation_id, flusher):
    writer = flusher.open(generation_id)
    for piece in ("one ", "two ", "three "):
        writer.append(piece)
        writer.drain(seconds=PATIENCE_SECONDS)
    restored = stored(generation_id)[:2]
    redis.client().delete(stream.stream_key(generation_id))
    append(generation_id, *((entry.sequence, entry.kind, entry.text) for entry in restored))

    writer.append("four")

    assert writer.drain(seconds=PATIENCE_SECONDS)
    assert stream.read_text(generation_id) == "one two three four"


def test_a_writer_learns_that_it_is_refused(generation_id, flusher):
    writer = flusher.open(generation_id)
    writer.append("text")
    writer.drain(seconds=PATIENCE_SECONDS)
    stream.seal(generation_id)

    writer.append("late")

    assert not writer.drain(seconds=PATIENCE_SECONDS)
    assert writer.refused
    assert stream.read_text(generation_id) == "text"


@pytest.mark.parametrize(("leave", "come_back"), [("kill", "start"), ("pause", "resume")])
def test_text_written_while_redis_is_away_arrives_later_in_order(leave, come_back, generation_id, own_valkey):
    writer = Flusher().open(generation_id)
    writer.append("before, ")
    assert writer.drain(seconds=PATIENCE_SECONDS)
    getattr(own_valkey, leave)()
    for piece in ("while it is away, ", "still, "):
        writer.append(piece)
        assert not writer.drain(seconds=0.2)
    with pytest.raises(RedisError):
        stream.read_text(generation_id)

    getattr(own_valkey, come_back)()
    wait_for(lambda: stream.read_text(generation_id) == "before, while it is away, still, ", seconds=PATIENCE_SECONDS)
    writer.append("after")

    assert writer.drain(seconds=PATIENCE_SECONDS)
    assert stream.read_text(generation_id) == "before, while it is away, still, after"


def test_a_run_without_redis_ends_as_any_other(customer, own_valkey, monkeypatch):
    monkeypatch.setattr(runner, "DRAIN_SECONDS", 0.1)
    generation = runs.start(customer)
    own_valkey.kill()

    generation = runs.run(generation)

    own_valkey.start()
    assert (generation.status, generation.output) == ("succeeded", runs.call_of(generation)["text_sent"])
    runs.assert_settled_once(generation)


def test_announcing_into_the_void_harms_nobody(generation_id, own_valkey):
    own_valkey.kill()
    stream.announce(generation_id, stream.END)
    own_valkey.start()
