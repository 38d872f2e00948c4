"""Batches and their rows: two new tables, nothing of the others is touched."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_key_budget"),
        ("generation", "0024_preference_feedback_share_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("request_model", models.CharField(max_length=128, verbose_name="model")),
                ("file_name", models.CharField(max_length=200, verbose_name="file")),
                ("delimiter", models.CharField(max_length=1, verbose_name="delimiter")),
                ("columns", models.JSONField(default=list, verbose_name="columns")),
                ("positions", models.JSONField(default=dict, verbose_name="positions")),
                ("row_count", models.PositiveIntegerField(default=0, verbose_name="rows")),
                ("invalid_count", models.PositiveIntegerField(default=0, verbose_name="rows left out")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("ready", "Not started"),
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("finished", "Finished"),
                            ("canceled", "Canceled"),
                        ],
                        default="ready",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=64, verbose_name="reason")),
                ("waits_until", models.DateTimeField(blank=True, null=True, verbose_name="waits until")),
                ("fed_at", models.DateTimeField(blank=True, null=True, verbose_name="fed at")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started at")),
                ("resumed_at", models.DateTimeField(blank=True, null=True, verbose_name="resumed at")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished at")),
                (
                    "runs_as",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "template_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="generation.prompttemplateversion",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="batches", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="batches", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "verbose_name": "batch",
                "verbose_name_plural": "batches",
            },
        ),
        migrations.CreateModel(
            name="BatchRow",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("line", models.PositiveIntegerField(verbose_name="line")),
                ("cells", models.JSONField(default=list, verbose_name="cells")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("invalid", "Left out"),
                            ("waiting", "Waiting"),
                            ("started", "Started"),
                            ("refused", "Refused"),
                            ("canceled", "Not run"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                ("problem", models.CharField(blank=True, max_length=300, verbose_name="problem")),
                ("credits_max", models.PositiveBigIntegerField(default=0, verbose_name="most credits")),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started at")),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="generation.batch",
                    ),
                ),
                (
                    "generation",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batch_row",
                        to="generation.generation",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "batch row",
                "verbose_name_plural": "batch rows",
            },
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(
                models.F("workspace"), models.OrderBy(models.F("id"), descending=True), name="batch_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(condition=models.Q(("status", "running")), fields=["fed_at"], name="batch_running"),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["ready", "running", "paused", "finished", "canceled"])),
                name="batch_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", False), ("status__in", ["finished", "canceled"])),
                    models.Q(("finished_at__isnull", True), ("status__in", ["ready", "running", "paused"])),
                    _connector="OR",
                ),
                name="batch_finished_when_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["ready", "canceled"]),
                    models.Q(("resumed_at__isnull", False), ("started_at__isnull", False)),
                    _connector="OR",
                ),
                name="batch_started_when_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(("invalid_count__lte", models.F("row_count"))), name="batch_invalid_among_rows"
            ),
        ),
        migrations.AddIndex(
            model_name="batchrow",
            index=models.Index(
                condition=models.Q(("status", "waiting")), fields=["batch", "number"], name="batch_row_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="batchrow",
            index=models.Index(
                condition=models.Q(("status", "started")), fields=["workspace", "started_at"], name="batch_row_lately"
            ),
        ),
        migrations.AddConstraint(
            model_name="batchrow",
            constraint=models.UniqueConstraint(fields=("batch", "number"), name="batch_row_number_once"),
        ),
        migrations.AddConstraint(
            model_name="batchrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["invalid", "waiting", "started", "refused", "canceled"])),
                name="batch_row_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="batchrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("generation__isnull", False), ("started_at__isnull", False), ("status", "started")),
                    models.Q(models.Q(("status", "started"), _negated=True), ("generation__isnull", True)),
                    _connector="OR",
                ),
                name="batch_row_started_has_generation",
            ),
        ),
        migrations.AddConstraint(
            model_name="batchrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["invalid", "refused"]), _negated=True),
                    models.Q(("problem", ""), _negated=True),
                    _connector="OR",
                ),
                name="batch_row_problem_is_said",
            ),
        ),
    ]
