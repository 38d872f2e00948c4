"""A CSV is uploaded: kept and priced row by row, or refused with nothing kept."""

import pytest
from django.urls import reverse

from apps.billing.models import Hold
from apps.generation import batches, catalogue, estimates, prompts
from apps.generation.models import Batch, BatchRow, Generation
from tests.factories import FundedMembershipFactory
from tests.generation.batch_files import HEADER, fresh, sent, statuses, summaries, upload
from tests.generation.runs import TEXT

LIST = reverse("generation:batches")

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick")]


@pytest.fixture
def member():
    return FundedMembershipFactory()


def test_rows_are_kept_as_they_are_written_checked_and_priced_as_the_hold_will_be(member):
    batch = upload(member, f'{HEADER},sku\n"{TEXT}",Bullet points,=1+1\nshort,Bullet points,"é; ""x"""\n')

    good, bad = BatchRow.objects.filter(batch=batch).order_by("number")
    inputs = {"text": TEXT, "format": "Bullet points"}
    price = estimates.estimate_credits(
        template=prompts.get_file("summary"), inputs=inputs, model="keel-echo", at=batch.created_at
    )
    assert (good.cells, good.credits_max, good.status) == ([TEXT, "Bullet points", "=1+1"], price, "waiting")
    assert (bad.cells[2], bad.credits_max, bad.status, bad.line) == ('é; "x"', 0, "invalid", 3)
    assert "at least 20 words" in bad.problem
    assert (batch.row_count, batch.invalid_count) == (2, 1)
    assert not Generation.objects.exists()
    assert not Hold.objects.exists()


def test_a_file_that_turns_out_to_be_broken_leaves_nothing_behind(member):
    with pytest.raises(batches.CsvError):
        upload(member, summaries(600) + '"never ends')

    assert not Batch.objects.exists()
    assert not BatchRow.objects.exists()


def test_ten_thousand_rows_take_a_few_statements(member, django_assert_max_num_queries):
    prompts.publish_all()

    with django_assert_max_num_queries(50):
        batch = upload(member, summaries(10_000, text=TEXT[:200]))

    assert BatchRow.objects.filter(batch=batch, status="waiting").count() == 10_000
    assert len({row for row in BatchRow.objects.values_list("number", flat=True)}) == 10_000


REFUSED_MODELS = {"unknown": ("nothing-9", catalogue.UnknownModelError), "": ("keel-none", catalogue.UnknownModelError)}


@pytest.mark.parametrize(("model", "error"), REFUSED_MODELS.values(), ids=REFUSED_MODELS)
def test_a_model_that_is_not_offered_is_refused(member, model, error):
    with pytest.raises(error):
        upload(member, summaries(1), model=model)


def test_so_many_batches_may_be_open_and_no_more(member, monkeypatch):
    monkeypatch.setattr(batches, "OPEN_MAX", 2)
    upload(member, summaries(1))
    done = upload(member, summaries(1))

    with pytest.raises(batches.TooManyBatchesError):
        upload(member, summaries(1))
    batches.delete(done)
    upload(member, summaries(1))


def test_the_page_takes_a_file_and_shows_its_price(client, member):
    client.force_login(member.user)
    answer = client.post(LIST, sent(f"{summaries(3)}short,Bullet points,1\n".encode()))

    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    batch = Batch.objects.get()
    credits = sum(BatchRow.objects.values_list("credits_max", flat=True))
    assert f"<dd>{credits:,}</dd>" in page
    assert "Run 3 rows" in page
    assert "Line 5" in page
    assert statuses(batch) == ["waiting"] * 3 + ["invalid"]
    assert fresh(batch).status == "ready"


FILES = {
    "workbook": (b"PK\x03\x04 and more", 422, "Save it as"),
    "nothing": (b"", 422, "This file is empty"),
    "too large": (b"x" * (10 * 1024 * 1024 + 1), 413, "larger than 10.0"),
    "no rows": (HEADER.encode(), 422, "There is no row below the first line."),
}


@pytest.mark.parametrize(("content", "status", "said"), FILES.values(), ids=FILES)
def test_a_file_that_is_refused_brings_the_form_back_with_the_reason(client, member, content, status, said):
    client.force_login(member.user)
    answer = client.post(LIST, sent(content))

    assert answer.status_code == status
    assert said in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()


def test_a_form_without_a_file_and_one_for_no_template_are_refused(client, member):
    client.force_login(member.user)

    assert client.post(LIST, {"template": "summary"}).status_code == 422
    assert client.post(LIST, sent(b"x", template="gone")).status_code == 404


def test_the_sample_is_a_csv_that_excel_opens(client, member):
    client.force_login(member.user)
    answer = client.get(reverse("generation:batch_sample") + "?template=summary")

    assert answer.content.startswith(b'\xef\xbb\xbf"Text to summarize","Format"')
    assert answer["Content-Disposition"] == 'attachment; filename="summary-sample.csv"'
