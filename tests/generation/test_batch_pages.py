"""The pages of a batch: what they show and do, and the results as a file."""

import asyncio
import csv
import io
from datetime import timedelta

import pytest
from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone

from apps.accounts import consent
from apps.core.personal_data import erase_user, export_user
from apps.core.text import plain
from apps.generation import batch_purging, batches, library, purging
from apps.generation.models import Batch, BatchRow, Generation
from tests.factories import FundedMembershipFactory, UserFactory
from tests.generation import plans, runs
from tests.generation.batch_files import feed, fresh, started, statuses, summaries, upload
from tests.generation.runs import TEXT

HTMX = {"hx-request": "true", "hx-target": "batch-progress"}


@pytest.fixture
def member(workshop):
    return FundedMembershipFactory()


@pytest.fixture
def browser(client, member):
    client.force_login(member.user)
    return client


def address(batch: Batch, act: str = "batch") -> str:
    return reverse(f"generation:{act}", args=[batch.pk])


def test_a_person_starts_pauses_resumes_and_cancels_by_its_buttons(browser, member):
    batch = upload(member, summaries(3))
    seen = []
    for act in ("start", "start", "pause", "resumption", "resumption", "cancellation", "cancellation"):
        assert browser.post(address(batch, f"batch_{act}")).status_code == 302
        seen.append(fresh(batch).status)

    assert seen == ["running", "running", "paused", "running", "running", "canceled", "canceled"]
    assert statuses(batch) == ["canceled"] * 3


@pytest.mark.parametrize("status", ["running", "paused"])
def test_what_is_under_way_is_not_deleted_and_what_is_over_is(browser, member, status):
    batch = started(member, 1)
    Batch.objects.update(status=status)
    assert browser.post(address(batch, "batch_deletion")).status_code == 409
    batches.cancel(batch)

    assert browser.post(address(batch, "batch_deletion")).status_code == 302
    assert not BatchRow.objects.exists()
    assert browser.get(address(batch)).status_code == 404


def test_a_deleted_batch_leaves_its_generations(browser, member):
    batch = started(member, 1)
    feed(batch)
    batches.cancel(batch)
    browser.post(address(batch, "batch_deletion"))

    assert Generation.objects.get().inputs["text"].endswith(TEXT)


def test_who_has_not_agreed_yet_agrees_with_the_button(browser, member):
    consent.withdraw(user=member.user)
    batch = upload(member, summaries(1))
    assert "Agree and run 1 row" in browser.get(address(batch)).content.decode()

    assert browser.post(address(batch, "batch_start")).status_code == 403
    assert fresh(batch).status == "ready"
    browser.post(address(batch, "batch_start"), {"consent": consent.VERSION})
    assert fresh(batch).status == "running"


def test_the_progress_asks_again_until_the_batch_is_over(browser, member):
    batch = started(member, 2)
    feed(batch)
    part = browser.get(address(batch) + "?seen=running", headers=HTMX).content.decode()
    assert 'hx-trigger="every 3s"' in part
    assert "0 of 2 rows" in part
    assert "<html" not in part

    for generation in Generation.objects.all():
        runs.run(generation)
    feed(batch)
    answer = browser.get(address(batch) + "?seen=running", headers=HTMX)
    assert answer.headers["HX-Location"].startswith(f'{{"path": "{address(batch)}"')
    page = browser.get(address(batch)).content.decode()
    assert "every 3s" not in page
    assert "2 of 2 rows" in page


def test_rows_are_paged_and_narrowed(browser, member):
    batch = upload(member, summaries(60) + "short,Bullet points,1\n")
    pages, url = [], address(batch)
    while url:
        answer = browser.get(url)
        pages.append([row.number for row, _text in answer.context["rows"]])
        url = answer.context["next_url"]
    back = browser.get(answer.context["previous_url"]).context

    assert pages == [list(range(1, 26)), list(range(26, 51)), list(range(51, 62))]
    assert [row.number for row, _text in back["rows"]] == pages[1]
    only = browser.get(f"{address(batch)}?show=invalid").context["rows"]
    assert [row.number for row, _text in only] == [61]


def test_the_review_says_how_long_a_plan_takes(browser, member, settings):
    batch = upload(member, summaries(2))
    assert "A few rows run at a time" in browser.get(address(batch)).content.decode()

    plans.allow(settings, free={"requests_per_minute": 10})
    assert "up to 5 rows start in a minute" in browser.get(address(batch)).content.decode()
    plans.allow(settings, free={"generations_per_day": 1})
    assert "takes at least 2 days" in browser.get(address(batch)).content.decode()


def downloaded(browser, batch: Batch, *, delimiter: str = ",") -> list[list[str]]:
    answer = browser.get(address(batch, "batch_download"))
    assert isinstance(answer, StreamingHttpResponse)
    text = asyncio.run(_whole(answer)).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=delimiter))


async def _whole(answer: StreamingHttpResponse) -> bytes:
    return b"".join([part async for part in answer.streaming_content])


def test_what_was_uploaded_comes_back_beside_what_came_of_it(browser, member):
    content = f'text;format;Output\n"{TEXT}";Bullet points;=1+1\n"{TEXT}";Bullet points;"a; ""b""\n"\nshort;Poem;x\n'
    batch = upload(member, content)
    batches.start(batch, user=member.user)
    feed(batch)
    generation = runs.run(Generation.objects.order_by("pk").first())

    header, first, second, third = downloaded(browser, batch, delimiter=";")
    assert header == ["text", "format", "Output", "output 2", "status", "error", "credits"]
    assert first[:3] == [TEXT, "Bullet points", "'=1+1"]
    assert first[3:] == [plain(generation.output), "Succeeded", "", str(generation.charged_credits)]
    assert second == [TEXT, "Bullet points", 'a; "b"\n', "", "Queued", "", "0"]
    assert third[4] == "Left out"
    assert "at least 20 words" in third[5]


def test_what_was_deleted_in_the_history_is_not_in_the_file(browser, member):
    batch = started(member, 1)
    feed(batch)
    generation = runs.run(Generation.objects.get())
    library.delete(workspace_id=member.workspace_id, generation_ids=[generation.pk])
    assert downloaded(browser, batch)[1][3:] == ["", "Deleted", "", str(generation.charged_credits)]

    purging.purge_all(now=timezone.now() + timedelta(days=31))
    assert BatchRow.objects.get().cells == []
    assert downloaded(browser, batch)[1] == ["", "", "", "", "Deleted", "", str(generation.charged_credits)]


def test_a_person_takes_batches_along_and_is_erased_with_them(member):
    batch = started(member, 2)
    feed(batch)
    known = export_user(member.user)["generation"]
    assert [one["file_name"] for one in known["batches"]] == ["list.csv"]
    assert [row["line"] for row in known["batch_rows"]] == [2, 3]

    erase_user(member.user)
    assert not Batch.objects.exists()
    assert not BatchRow.objects.exists()


def test_what_was_never_started_is_deleted_after_a_week_and_nothing_else(member):
    old, new, running = upload(member, summaries(1)), upload(member, summaries(1)), started(member, 1)
    Batch.objects.exclude(pk=new.pk).update(created_at=timezone.now() - timedelta(days=8))

    assert batch_purging.purge_unstarted(now=timezone.now()) == 1
    assert set(Batch.objects.all()) == {new, running}
    assert not BatchRow.objects.filter(batch_id=old.pk).exists()


def test_the_list_shows_the_batches_of_the_workspace_and_nobody_elses(browser, member):
    upload(FundedMembershipFactory(user=UserFactory()), summaries(1), name="theirs.csv")
    for number in range(3):
        upload(member, summaries(1), name=f"mine-{number}.csv")
    page = browser.get(reverse("generation:batches")).content.decode()

    assert [f"mine-{number}.csv" in page for number in range(3)] == [True] * 3
    assert "theirs.csv" not in page


def test_the_history_marks_what_came_from_a_batch_and_can_leave_it_out(browser, member):
    batch = started(member, 1)
    feed(batch)
    single = runs.start(member)
    history = reverse("generation:list")

    assert address(batch) in browser.get(history).content.decode()
    for source, shown in (("", 2), ("single", 1), ("batch", 1), ("nonsense", 2)):
        rows = browser.get(f"{history}?source={source}").context["rows"]
        assert len(rows) == shown, source
        assert source != "single" or rows[0].generation == single
