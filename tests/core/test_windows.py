"""Sliding windows: several at once, counted in all of them or in none."""

from datetime import datetime, timedelta

import pytest
import time_machine

from apps.core import windows
from apps.core.ids import uuid7
from apps.core.windows import Window


@pytest.fixture
def clock():
    with time_machine.travel(datetime.now().astimezone(), tick=False) as travelling:
        yield travelling


def window(amount: int, *, subject: str = "", seconds: int = 60) -> Window:
    return Window("test", subject or str(uuid7()), amount, seconds)


def admit(*asked: Window, key: str = ""):
    return windows.admit(asked, key=key or str(uuid7()))


def test_what_one_window_refuses_is_counted_in_none(clock):
    wide, narrow = window(10), window(1)
    assert admit(wide, narrow) is None

    full = admit(wide, narrow)

    assert full is not None
    assert (full.amount, full.remaining, full.reset_seconds) == (1, 0, 60)
    assert [one.remaining for one in windows.measure([wide, narrow])] == [9, 0]


def test_a_window_slides_to_the_millisecond(clock):
    sliding = window(2)
    for _step in range(2):
        assert admit(sliding) is None
        clock.shift(timedelta(seconds=20))
    full = admit(sliding)
    assert full is not None
    assert full.reset_seconds == 20

    clock.shift(timedelta(seconds=19.999))
    assert admit(sliding) is not None
    clock.shift(timedelta(seconds=0.001))
    assert admit(sliding) is None


def test_a_window_of_nothing_lets_nothing_in():
    assert admit(window(0)) is not None


def test_a_key_that_is_in_is_let_in_again_and_counted_once():
    narrow, key = window(1), str(uuid7())
    assert admit(narrow, key=key) is None

    assert admit(narrow, key=key) is None
    assert admit(narrow) is not None


def test_no_windows_limit_nothing():
    assert admit() is None
    assert windows.measure([]) == []


def test_a_window_that_nobody_has_asked_is_whole():
    [reading] = windows.measure([window(7)])

    assert (reading.remaining, reading.amount) == (7, 7)


def test_the_librarys_own_counting_uses_the_same_windows():
    shared = window(2)
    assert windows.count(shared)
    assert admit(shared) is None

    assert not windows.count(shared)
    assert admit(shared) is not None
