"""What people do with a conversation, and what a generation takes along from it; old rows have none of it."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0020_retention_due")]

    operations = [
        migrations.AddField(
            "conversation",
            "tags",
            django.contrib.postgres.fields.ArrayField(
                models.CharField(max_length=32), blank=True, db_default=[], default=list, verbose_name="tags"
            ),
        ),
        migrations.AddField(
            "conversation", "renamed_at", models.DateTimeField(blank=True, null=True, verbose_name="renamed at")
        ),
        migrations.AddField(
            "conversation", "pinned_at", models.DateTimeField(blank=True, null=True, verbose_name="pinned at")
        ),
        migrations.AddField(
            "conversation", "archived_at", models.DateTimeField(blank=True, null=True, verbose_name="archived at")
        ),
        migrations.AddField(
            "generation", "context", models.JSONField(blank=True, db_default={}, default=dict, verbose_name="context")
        ),
        migrations.AddField(
            "generation",
            "variant_of",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="variants",
                to="generation.generation",
            ),
        ),
    ]
