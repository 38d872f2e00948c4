"""CSV files for tests, and steps with batches."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.models import Membership
from apps.generation import batch_feeding, batches, prompts
from apps.generation.models import Batch, BatchRow
from tests.generation.runs import TEXT

HEADER = "text,format"


def summaries(count: int, *, text: str = TEXT) -> str:
    """A CSV with so many rows that can be run."""
    rows = "".join(f'"Number {number}. {text}",Bullet points\n' for number in range(count))
    return f"{HEADER},id\n" + rows.replace("points\n", "points,7\n")


def upload(member: Membership, content: str | bytes, *, model: str = "keel-echo", name: str = "list.csv") -> Batch:
    """Upload a CSV for the summary template."""
    return batches.upload(
        user=member.user,
        workspace=member.workspace,
        template=prompts.get_file("summary"),
        model=model,
        file=io.BytesIO(content.encode() if isinstance(content, str) else content),
        file_name=name,
    )


def started(member: Membership, count: int, **more: str) -> Batch:
    """Upload so many rows, and start them."""
    batch = upload(member, summaries(count), **more)
    batches.start(batch, user=member.user)
    return batch


def feed(batch: Batch) -> int:
    """Do one round of the feeder, as if the last one was long ago."""
    Batch.objects.update(fed_at=None)
    return batch_feeding.feed()


def statuses(batch: Batch) -> list[str]:
    """Return the statuses of the rows, in order."""
    return list(BatchRow.objects.filter(batch=batch).order_by("number").values_list("status", flat=True))


def fresh(batch: Batch) -> Batch:
    """Return a batch as it is now."""
    return Batch.objects.get(pk=batch.pk)


def sent(content: bytes, *, name: str = "list.csv", template: str = "summary") -> dict[str, object]:
    """What a browser sends when a file is uploaded."""
    return {
        "template": template,
        "model": "keel-echo",
        "file": SimpleUploadedFile(name, content, content_type="text/csv"),
    }
