"""An index of what each key has started lately, for its budget, and for taking keys away.

Built beside all traffic. A build that was interrupted leaves an invalid index behind: it is dropped first, so this
migration can be run again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("generation", "0009_api_key")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS generation_key_recent", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "generation",
            models.Index(
                fields=["api_key", "created_at"], name="generation_key_recent", condition=Q(api_key__isnull=False)
            ),
        ),
    ]
