"""For how long each workspace keeps its texts; without a row it keeps them."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("generation", "0018_findings")]

    operations = [
        migrations.CreateModel(
            name="RetentionPolicy",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="retention_policy",
                        serialize=False,
                        to="accounts.workspace",
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("keep", "Keep them"),
                            ("hash", "Replace them by fingerprints"),
                            ("delete", "Empty them"),
                        ],
                        default="keep",
                        max_length=6,
                        verbose_name="what becomes of older texts",
                    ),
                ),
                ("days", models.PositiveSmallIntegerField(default=90, verbose_name="after so many days")),
                ("changed_at", models.DateTimeField(verbose_name="changed at")),
            ],
            options={
                "verbose_name": "retention policy",
                "verbose_name_plural": "retention policies",
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(action__in=["keep", "hash", "delete"]), name="retention_action_known"
                    ),
                    models.CheckConstraint(
                        condition=Q(days__gte=1, days__lte=3650), name="retention_days_within_reason"
                    ),
                ],
            },
        ),
    ]
