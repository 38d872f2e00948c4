"""Ctrl-C that never cuts a start or a stop in half: heard at once while waiting, and otherwise at the next wait."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody asked us to end. Not an Exception, so that no handler of errors swallows it."""


class Interruption:
    """Hears the signals that end a program, from its making on; every later one changes nothing."""

    def __init__(self) -> None:
        self._asked = False
        self._waiting = False
        for number in SIGNALS:
            signal.signal(number, self._hear)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Raise Interrupted inside this block as soon as one is asked for, or at its start if one was before."""
        self._waiting = True
        try:
            if self._asked:
                raise Interrupted
            yield
        finally:
            self._waiting = False

    def _hear(self, number: int, frame: FrameType | None) -> None:
        first, self._asked = not self._asked, True
        if first and self._waiting:
            raise Interrupted
