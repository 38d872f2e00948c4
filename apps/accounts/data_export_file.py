"""The file itself: a ZIP with one JSON file for each app and the texts as Markdown, written while it is read."""

import json
import zipfile
from collections.abc import Callable, Iterator
from io import RawIOBase
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.personal_data import list_documents, stream_export

CHUNK_BYTES = 1_000_000


class Pieces(RawIOBase):
    """A file that cannot be read or turned back: what is written leaves in pieces of CHUNK_BYTES."""

    def __init__(self, take: Callable[[int, bytes], None]) -> None:
        """`take` is given the number of each piece, from 0, and its bytes."""
        super().__init__()
        self.size_bytes = 0
        self._take, self._number, self._waiting = take, 0, bytearray()

    def writable(self) -> bool:
        """A stream to be written."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes; whole pieces leave at once."""
        self._waiting += data
        while len(self._waiting) >= CHUNK_BYTES:
            self._leave(CHUNK_BYTES)
        return len(data)

    def finish(self) -> None:
        """Let the last piece leave."""
        if self._waiting:
            self._leave(len(self._waiting))

    def _leave(self, size: int) -> None:
        self._take(self._number, bytes(self._waiting[:size]))
        del self._waiting[:size]
        self._number += 1
        self.size_bytes += size


def write(user: AbstractBaseUser, *, to: Pieces) -> None:
    """Write everything that is known about a user."""
    with zipfile.ZipFile(to, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        with archive.open("README.txt", "w") as file:
            file.write(_describe().encode())
        for label, known in stream_export(user):
            with archive.open(f"data/{label}.json", "w") as file:
                for text in _as_json(known):
                    file.write(text.encode())
        for document in list_documents(user):
            with archive.open(document.path, "w") as file:
                file.write(document.text.encode())
    to.finish()


def _as_json(known: dict[str, Any]) -> Iterator[str]:
    """Yield an object piece by piece; values that are iterators are read one item at a time."""
    opening = "{"
    for name, value in known.items():
        yield f"{opening}\n{json.dumps(name)}: "
        yield from _items(value) if isinstance(value, Iterator) else [_dump(value)]
        opening = ","
    yield "{}\n" if opening == "{" else "\n}\n"


def _items(values: Iterator[Any]) -> Iterator[str]:
    opening = "["
    for value in values:
        yield f"{opening}\n{_dump(value)}"
        opening = ","
    yield "[]" if opening == "[" else "\n]"


def _dump(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


def _describe() -> str:
    return _(
        "What %(site)s knows about you, made on %(day)s.\n\n"
        "data/ has one JSON file for each part of the product. generations/ has your texts, each as Markdown.\n"
    ) % {"site": settings.SITE_NAME, "day": timezone.now().date()}
