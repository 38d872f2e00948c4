"""Readers of one generation: whenever they join, leave and come back, they see its text once and its end exactly."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.ids import uuid7
from apps.generation import events
from apps.generation.channels import Channel, Gap
from apps.generation.events import START, Cursor
from apps.generation.markdown import render
from apps.generation.stream import DELTA, OPENED, SNAPSHOT, Entry
from tests.generation.markdown_documents import cuts, document
from tests.generation.page import ENDING, Page

SEEDS = st.integers(0, 10**6)
GARBAGE = ["", ".", "1", "1.", ".1", "-1.2", "1.2.3", "a.b", "٣.٤", "9" * 41, "99.99999999", "0.99", "1.99", "1e3.2"]
BRISK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
THOROUGH = settings(BRISK, max_examples=1500)


class Redis:
    """The stream as Redis keeps it, which may lose everything before a snapshot."""

    def __init__(self, text: str, *, rng: random.Random) -> None:
        self.entries, self.last = [Entry(1, OPENED, "")], 1
        self._pieces = iter(cuts(text, seed=rng.randrange(10**6)))
        self._sent, self._rng = "", rng

    def grow(self) -> Entry | None:
        piece = next(self._pieces, None)
        if piece is None:
            return None
        self._sent += piece
        self.last += 1
        if self._rng.random() < 0.05:
            self.entries = [Entry(self.last, SNAPSHOT, self._sent)]
        else:
            self.entries.append(Entry(self.last, DELTA, piece))
        return self.entries[-1]

    def fetch(self, channel: Channel) -> None:
        """What a hub does about a gap, and when it has subscribed."""
        for entry in self.entries:
            if entry.sequence > channel.cursor.sequence:
                channel.apply(entry)


def new_channel() -> Channel:
    return Channel(uuid7(), status="queued")


def show(page: Page, channel: Channel) -> None:
    page.take(channel.since(events.parse_cursor(page.cursor)))


def fresh(channel: Channel) -> Page:
    page = Page()
    show(page, channel)
    return page


def hear(channel: Channel, redis: Redis, entry: Entry, *, rng: random.Random) -> None:
    """An announcement arrives, or is lost, or arrives twice."""
    for _ in range(rng.choice([0, 1, 1, 1, 2])):
        try:
            channel.apply(entry)
        except Gap:
            redis.fetch(channel)


def end(channel: Channel, text: str) -> None:
    channel.end(text=text, status="succeeded", html=ENDING)


@BRISK
@given(seed=SEEDS)
def test_every_reader_sees_what_one_who_joins_now_sees(seed):
    rng, text, channel = random.Random(seed), document(seed), new_channel()
    redis = Redis(text, rng=rng)
    redis.fetch(channel)
    pages = [Page() for _ in range(4)]
    while (entry := redis.grow()) is not None:
        hear(channel, redis, entry, rng=rng)
        for page in rng.sample(pages, rng.randrange(5)):
            show(page, channel)
            now = fresh(channel)
            assert (page.blocks, page.tail) == (now.blocks, now.tail)

    end(channel, text)
    for page in [*pages, Page()]:
        show(page, channel)
        assert (page.blocks, page.tail, page.is_done) == (render(text), "", True)


@BRISK
@given(seed=SEEDS)
def test_a_reader_who_moves_between_processes_ends_with_the_exact_text(seed):
    rng, text = random.Random(seed), document(seed)
    redis, channels, page = Redis(text, rng=rng), [new_channel(), new_channel()], Page()
    while (entry := redis.grow()) is not None:
        for channel in channels:
            hear(channel, redis, entry, rng=rng)
        if rng.random() < 0.1:
            channels[rng.randrange(2)] = new_channel()
        show(page, rng.choice(channels))

    for channel in channels:
        end(channel, text)
    show(page, rng.choice(channels))

    assert (page.blocks, page.tail, page.is_done) == (render(text), "", True)


@BRISK
@given(seed=SEEDS)
def test_frozen_blocks_are_never_sent_twice_to_a_reader_who_kept_them(seed):
    rng, text, channel, page = random.Random(seed), document(seed), new_channel(), Page()
    redis = Redis(text, rng=rng)
    redis.fetch(channel)
    while (entry := redis.grow()) is not None:
        channel.apply(entry)
        before = page.blocks
        show(page, channel)
        assert page.blocks.startswith(before)
        assert page.blocks + page.tail == fresh(channel).blocks + fresh(channel).tail


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "rule",
    [
        test_every_reader_sees_what_one_who_joins_now_sees,
        test_a_reader_who_moves_between_processes_ends_with_the_exact_text,
        test_frozen_blocks_are_never_sent_twice_to_a_reader_who_kept_them,
    ],
)
def test_readers_keep_the_rules_for_long(rule):
    THOROUGH(given(seed=SEEDS)(rule.hypothesis.inner_test))()


@pytest.mark.parametrize("cursor", GARBAGE)
def test_an_odd_cursor_starts_from_the_beginning(cursor):
    channel = new_channel()
    for number, text in enumerate(["", "# One\n\n", "two\n\n", "three"], start=1):
        channel.apply(Entry(number, DELTA, text))

    page = Page()
    page.take(channel.since(events.parse_cursor(cursor)))

    assert (page.blocks, page.tail) == (fresh(channel).blocks, fresh(channel).tail)
    assert "One" in page.blocks


@pytest.mark.parametrize("cursor", [*GARBAGE, "0.0", "3.7", "1.1"])
def test_after_the_end_any_cursor_of_an_empty_or_older_page_gets_the_whole_text(cursor):
    channel = new_channel()
    end(channel, "# One\n\ntwo")

    page = Page()
    page.take(channel.since(events.parse_cursor(cursor) if cursor != "1.1" else START))

    assert (page.blocks, page.is_done) == (render("# One\n\ntwo"), True)


def test_a_reader_who_is_ahead_of_this_process_keeps_its_page_until_there_is_something():
    channel = new_channel()
    assert channel.since(Cursor(1, 2)) == b""
    for number, text in enumerate(["", "# One\n\ntwo\n\n", "three"], start=1):
        channel.apply(Entry(number, DELTA, text))

    assert b"One" not in channel.since(Cursor(1, 2))
    assert b"three" in channel.since(Cursor(1, 2))


def test_an_entry_without_its_predecessor_is_a_gap():
    channel = new_channel()
    channel.apply(Entry(1, OPENED, ""))

    with pytest.raises(Gap):
        channel.apply(Entry(3, DELTA, "c"))

    assert channel.cursor == Cursor(0, 1)


def test_an_entry_that_was_seen_changes_nothing():
    channel = new_channel()
    for entry in (Entry(1, OPENED, ""), Entry(2, DELTA, "a")):
        channel.apply(entry)
    before = channel.since(START)

    channel.apply(Entry(2, DELTA, "a"))
    channel.apply(Entry(1, SNAPSHOT, "other"))

    assert channel.since(START) == before


def test_an_end_with_less_text_than_was_shown_starts_anew():
    channel, page = new_channel(), Page()
    for entry in (Entry(1, OPENED, ""), Entry(2, DELTA, "shown, and then lost")):
        channel.apply(entry)
    show(page, channel)
    epoch = channel.epoch

    end(channel, "")

    assert channel.epoch == epoch + 1
    assert (fresh(channel).blocks, fresh(channel).tail) == ("", "")


def test_nothing_changes_after_the_end():
    channel = new_channel()
    end(channel, "text")
    before = channel.since(START)

    channel.apply(Entry(9, SNAPSHOT, "other"))
    channel.set_status("running")
    channel.end(text="other", status="failed", html="")

    assert (channel.since(START), channel.status) == (before, "succeeded")


def test_a_reader_who_is_up_to_date_is_sent_nothing():
    channel = new_channel()
    channel.apply(Entry(1, OPENED, ""))
    channel.apply(Entry(2, DELTA, "text"))

    assert channel.since(channel.cursor) == b""
