"""The indexes of marked conversations, of titles that people gave, and of variants.

Built beside all traffic. A build that was interrupted leaves an invalid index behind: it is dropped first, so this
migration can be run again.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

from apps.generation.search import TitleDocument

INDEXES = {
    "conversation": [
        models.Index(fields=["workspace"], name="conversation_tagged", condition=~Q(tags=[])),
        models.Index(fields=["workspace"], name="conversation_pinned", condition=Q(pinned_at__isnull=False)),
        models.Index(fields=["workspace"], name="conversation_archived", condition=Q(archived_at__isnull=False)),
        GinIndex(
            TitleDocument(),
            name="conversation_title_search",
            fastupdate=False,
            condition=Q(renamed_at__isnull=False),
        ),
    ],
    "generation": [
        models.Index(fields=["variant_of"], name="generation_variants", condition=Q(variant_of__isnull=False)),
    ],
}


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("generation", "0021_dialogue_columns")]

    operations = [
        operation
        for model, indexes in INDEXES.items()
        for index in indexes
        for operation in (
            migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop),
            AddIndexConcurrently(model, index),
        )
    ]
