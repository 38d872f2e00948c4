"""An index of what is queued or running in a workspace: a handful of rows, counted by every start.

Built beside all traffic. A build that was interrupted leaves an invalid index behind: it is dropped first, so this
migration can be run again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("generation", "0006_start_counter")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS generation_under_way", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "generation",
            models.Index(
                fields=["workspace"], name="generation_under_way", condition=Q(status__in=["queued", "running"])
            ),
        ),
    ]
