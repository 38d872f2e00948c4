"""Indexes for the search, for what was deleted lately, and for what is due to be purged; built beside all traffic.

The search is an index over an expression and no generated column: that column would rewrite the whole table under a
lock that stops everybody, and carry every word twice. Only what has ended is in it, so the renewals of a lease (twice a
second while a generation runs) cost nothing, and the settling one pass over the text (about a millisecond for 3 kB),
before it locks the credit account. Without `fastupdate`, which would make one settling in many pay for all others.

A build that was interrupted leaves an invalid index behind: it is dropped first, so this migration can be run again.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q

from apps.generation.search import GenerationDocument

DELETED = Q(deleted_at__isnull=False, purged_at__isnull=True)


def _add(index: models.Index) -> list[migrations.operations.base.Operation]:
    leftover = f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}"
    return [migrations.RunSQL(leftover, migrations.RunSQL.noop), AddIndexConcurrently("generation", index)]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("generation", "0004_search_functions")]

    operations = [
        *_add(
            GinIndex(
                GenerationDocument(),
                name="generation_search",
                fastupdate=False,
                condition=Q(status__in=["succeeded", "failed", "canceled"]),
            )
        ),
        *_add(models.Index(F("workspace"), F("id").desc(), name="generation_deleted", condition=DELETED)),
        *_add(models.Index(fields=["deleted_at"], name="generation_purge_due", condition=DELETED)),
    ]
