"""An index of the texts that each workspace still has, oldest first, for erasing them in time.

Built beside all traffic. A build that was interrupted leaves an invalid index behind: it is dropped first, so this
migration can be run again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("generation", "0019_retention")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS generation_retention_due", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "generation",
            models.Index(
                fields=["workspace", "created_at"],
                name="generation_retention_due",
                condition=Q(texts_erased_at__isnull=True, purged_at__isnull=True),
            ),
        ),
    ]
