"""Large files against a real web process: taken or refused, and its memory stays where it was."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from django.urls import reverse

from apps.generation.batch_csv import ROWS_MAX
from apps.generation.models import Batch, BatchRow
from dev.services.ports import LOOPBACK
from tests.factories import FundedMembershipFactory
from tests.generation import readers
from tests.generation.web_process import WebProcess, web_process

MEGABYTE = 1024 * 1024
GROWTH_BYTES_MAX = 60 * MEGABYTE
HEADER = b"text,format\n"
TOKEN = "t" * 32


def rows(count: int, *, row_bytes: int) -> bytes:
    """So many rows that can be run, each so long."""
    ending = b",Bullet points\n"
    words = b"tide " * (row_bytes // 5)
    return (words[: row_bytes - len(ending)].rstrip() + ending) * count


FOUR = HEADER + rows(ROWS_MAX, row_bytes=4 * MEGABYTE // ROWS_MAX)
FORTY = HEADER + rows(ROWS_MAX * 4, row_bytes=MEGABYTE * 40 // (ROWS_MAX * 4))


@pytest.fixture
def web(committed_db) -> Iterator[tuple[WebProcess, httpx2.Client]]:
    member = FundedMembershipFactory()
    cookie = f"{readers.log_in(member.user)}; csrftoken={TOKEN}"
    with web_process() as process:
        headers = {"cookie": cookie, "x-csrftoken": TOKEN}
        with httpx2.Client(base_url=f"http://{LOOPBACK}:{process.port}", headers=headers, timeout=60) as client:
            assert send(client, HEADER + rows(200, row_bytes=400)).status_code == 302
            yield process, client


def send(client: httpx2.Client, content: bytes) -> httpx2.Response:
    files = {"file": ("list.csv", content, "text/csv")}
    return client.post(reverse("generation:batches"), data={"template": "summary", "model": "keel-demo"}, files=files)


def send_in_chunks(client: httpx2.Client, content: bytes) -> httpx2.Response:
    """Send it without saying how long it will be."""
    head = b'--b\r\ncontent-disposition: form-data; name="file"; filename="list.csv"\r\n\r\n'
    pieces = (content[start : start + 65536] for start in range(0, len(content), 65536))
    body = (piece for part in ([head], pieces) for piece in part)
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return client.post(reverse("generation:batches"), content=body, headers=headers)


@contextmanager
def watched(process: WebProcess) -> Iterator[list[int]]:
    """Note how many bytes of memory the process has, all the time."""
    seen, is_over = [process.process.memory_info().rss], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.02):
            seen.append(process.process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    yield seen
    is_over.set()
    thread.join()


def test_four_megabytes_are_taken_forty_are_refused_and_memory_stays_flat(web):
    process, client = web
    with watched(process) as seen:
        before = time.monotonic()
        taken = send(client, FOUR)
        seconds = time.monotonic() - before
        refused = [send(client, FORTY), send_in_chunks(client, FORTY)]
        page = client.get(taken.headers["location"])
        with client.stream("GET", f"{taken.headers['location']}download/") as answer:
            downloaded = sum(len(part) for part in answer.iter_bytes())

    growth = max(seen) - seen[0]
    figures = f"{seconds:.1f} s; memory {seen[0] / MEGABYTE:.0f} MB, at most {growth / MEGABYTE:.0f} MB more"
    print(f"4 MB, {ROWS_MAX:,} rows: {figures}")  # noqa: T201 - what a run took is worth reading
    assert taken.status_code == 302
    assert BatchRow.objects.filter(batch=Batch.objects.latest("pk"), status="waiting").count() == ROWS_MAX
    assert [answer.status_code for answer in refused] == [413, 413]
    assert all("at most 11" in answer.text for answer in refused)
    assert "Run 10,000 rows" in page.text
    assert downloaded > len(FOUR)
    assert Batch.objects.count() == 2
    assert growth < GROWTH_BYTES_MAX
