"""A person takes their data along: one file, made by the worker, for nobody else, and gone after a week."""

import io
import json
import tracemalloc
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from apps.accounts import data_export_making, data_exports
from apps.accounts.data_export_file import CHUNK_BYTES, Pieces, write
from apps.accounts.data_export_making import ATTEMPTS_MAX, CLAIM, LIFETIME, SupersededError
from apps.accounts.models import DataExport, DataExportChunk, User
from apps.core import personal_data
from apps.core.models import OutgoingMail
from apps.core.personal_data import Document, PersonalData
from tests.accounts.conftest import new_email, new_user
from tests.accounts.factors import proved
from tests.accounts.team import browser_of
from tests.accounts.test_impersonation import acting_as
from tests.accounts.test_staff_roles import staff
from tests.billing_stripe.buyer import make_buyer
from tests.factories import GenerationFactory

PAGE, ASK = "/settings/data/", "/settings/data/exports/"


@pytest.fixture
def person(db) -> User:
    return new_user(new_email("person"))


def ready(person: User) -> DataExport:
    """A file that the worker has made."""
    export = data_exports.request_export(user=person)
    data_export_making.make(export.pk)
    export.refresh_from_db()
    return export


def opened(content: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    return archive


async def read(answer) -> bytes:
    return b"".join([piece async for piece in answer.streaming_content])


def content_of(export: DataExport) -> bytes:
    pieces = []
    while (piece := data_exports.read_chunk(export, number=len(pieces))) is not None:
        pieces.append(piece)
    return b"".join(pieces)


def test_a_person_asks_is_told_and_downloads_all_there_is(person):
    run = GenerationFactory(
        membership=person.memberships.get(),
        output="# Tides",
        status="succeeded",
        finish_reason="stop",
        finished_at=timezone.now(),
        conversation__title="Tides & winds",
    )
    browser = proved(person)

    assert browser.post(ASK)["Location"] == PAGE
    assert 'hx-trigger="every 3s"' in browser.get(PAGE).text
    data_export_making.make(DataExport.objects.get().pk)
    page = browser.get(PAGE).text
    answer = browser.get(f"{ASK}{DataExport.objects.get().slug}/")

    assert ("every 3s" in page, "Download" in page) == (False, True)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    content = async_to_sync(read)(answer)
    assert int(answer["Content-Length"]) == len(content)
    archive = opened(content)
    assert json.loads(archive.read("data/accounts.json"))["email"] == person.email
    [told] = json.loads(archive.read("data/generation.json"))["generations"]
    assert (told["id"], told["output"]) == (str(run.pk), "# Tides")
    [text] = [name for name in archive.namelist() if name.startswith("generations/")]
    assert "tides-winds" in text
    assert archive.read(text).decode().endswith("# Tides\n")
    assert OutgoingMail.objects.filter(to=person.email, key__startswith="data-export:").count() == 1


def test_every_app_that_knows_something_is_in_the_file(person):
    names = opened(content_of(ready(person))).namelist()

    assert {f"data/{label}.json" for label in personal_data._registry} <= set(names)


def test_what_was_bought_is_in_the_file(db, synced):
    buyer = make_buyer(synced)
    buyer.subscribe()

    told = json.loads(opened(content_of(ready(buyer.user))).read("data/billing.json"))

    assert [plan["plan"] for plan in told["plans"]] == ["pro"]
    assert (len(told["payments"]), len(told["invoices"]), bool(told["entries"])) == (1, 1, True)
    assert told["stripe_customer"] == buyer.customer_id


def test_whoever_did_not_log_in_lately_proves_who_they_are_first(person):
    answer = browser_of(person).post(ASK)

    assert "/accounts/reauthenticate/" in answer["Location"]
    assert not DataExport.objects.exists()


def test_it_is_for_nobody_else(person, stranger, client):
    address = f"{ASK}{ready(person).slug}/"

    assert client.get(address).status_code == 302
    assert browser_of(stranger).get(address).status_code == 404
    assert acting_as(person, by=staff("support")).get(address).status_code == 403
    assert len(address.split("/")[4]) >= 22  # of base64: 128 random bits and more


def test_one_file_is_made_at_a_time_and_three_a_day(person):
    asked = {data_exports.request_export(user=person).pk for _time in range(3)}
    assert len(asked) == 1

    data_export_making.make(asked.pop())
    ready(person)
    ready(person)

    with pytest.raises(data_exports.TooManyExportsError):
        data_exports.request_export(user=person)


def test_after_a_week_it_is_gone(person):
    export = ready(person)
    later = timezone.now() + LIFETIME + timedelta(minutes=1)

    with pytest.raises(data_exports.ExportNotFoundError):
        data_exports.get_ready(user=person, slug=export.slug, at=later)
    assert data_export_making.forget_expired(at=later) > 0
    assert not DataExportChunk.objects.exists()
    assert "Make the file" in browser_of(person).get(PAGE).text


def test_a_file_whose_worker_died_is_made_by_the_next(person, monkeypatch):
    export = data_exports.request_export(user=person)
    with monkeypatch.context() as patch:
        patch.setattr("apps.accounts.data_export_file.list_documents", die)
        with pytest.raises(ConnectionError):
            data_export_making.make(export.pk)

    assert data_export_making.list_due_ids(at=timezone.now()) == []
    later = timezone.now() + CLAIM
    assert data_export_making.list_due_ids(at=later) == [str(export.pk)]
    claimed = data_export_making.claim(export.pk, at=later)
    assert (claimed.attempt, claimed.status) == (2, "running")


def test_what_is_cut_off_again_and_again_has_failed_and_can_be_asked_for_anew(person):
    export = data_exports.request_export(user=person)
    for attempt in range(ATTEMPTS_MAX):
        assert data_export_making.claim(export.pk, at=timezone.now() + (attempt + 1) * CLAIM) is not None

    assert data_export_making.claim(export.pk, at=timezone.now() + 9 * CLAIM) is None

    export.refresh_from_db()
    assert export.status == "failed"
    assert data_exports.request_export(user=person).pk != export.pk


def test_a_worker_that_was_overtaken_writes_nothing(person):
    export = data_exports.request_export(user=person)
    first = data_export_making.claim(export.pk, at=timezone.now())
    data_export_making.claim(export.pk, at=timezone.now() + CLAIM)

    with pytest.raises(SupersededError):
        data_export_making._add_chunk(first, number=0, content=b"x")
    with pytest.raises(SupersededError):
        data_export_making._finish(first, size_bytes=1)
    assert not DataExportChunk.objects.exists()


@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_however_much_there_is_little_of_it_is_in_memory(person, monkeypatch, count):
    text = str(uuid4()) * 100
    known = PersonalData(
        export=lambda user: {"generations": ({"number": number, "output": text} for number in range(count))},
        erase=lambda user: None,
        list_documents=lambda user: (Document(f"generations/{number}.md", text) for number in range(count)),
    )
    monkeypatch.setattr(personal_data, "_registry", {"generation": known})
    sizes = []

    tracemalloc.start()
    write(person, to=Pieces(lambda number, content: sizes.append(len(content))))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert set(sizes[:-1]) <= {CHUNK_BYTES}
    # Of each text the file's table of contents keeps a name, and of all of them a piece is waiting.
    assert peak < 6_000_000 + 1_500 * count
    assert peak < 2 * count * len(text) / 2


def test_generations_are_read_in_batches(person, monkeypatch):
    membership = person.memberships.get()
    made = [GenerationFactory(membership=membership).pk for _number in range(5)]
    mine = GenerationFactory._meta.model.objects.filter(user=person)

    assert [one.pk for one in personal_data.in_batches(mine, size=2)] == made


def die(*args):
    raise ConnectionError("cut off")
    yield
