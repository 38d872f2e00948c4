import django.db.models.functions.datetime
import django.utils.timezone
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0003_webhook_event"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("since", models.DateTimeField(verbose_name="since")),
                ("until", models.DateTimeField(verbose_name="until")),
                ("checked", models.PositiveIntegerField(verbose_name="payments compared")),
                ("differences", models.JSONField(default=list, verbose_name="differences")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "reconciliation",
                "verbose_name_plural": "reconciliations",
            },
        ),
        migrations.CreateModel(
            name="Watermark",
            fields=[
                (
                    "name",
                    models.CharField(
                        choices=[("events", "Events"), ("payments", "Payments")],
                        max_length=8,
                        primary_key=True,
                        serialize=False,
                        verbose_name="name",
                    ),
                ),
                ("read_until", models.DateTimeField(verbose_name="read until")),
            ],
            options={
                "verbose_name": "watermark",
                "verbose_name_plural": "watermarks",
            },
        ),
        migrations.AlterModelOptions(
            name="webhookevent",
            options={
                "permissions": [("replay_event", "Can replay an event")],
                "verbose_name": "webhook event",
                "verbose_name_plural": "webhook events",
            },
        ),
        migrations.RemoveConstraint(
            model_name="creditgrant",
            name="grant_source_known",
        ),
        migrations.AddField(
            model_name="webhookevent",
            name="next_attempt_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(),
                default=django.utils.timezone.now,
                verbose_name="next attempt at",
            ),
        ),
        migrations.AddField(
            model_name="webhookevent",
            name="processed_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="processed at"),
        ),
        migrations.AlterField(
            model_name="creditgrant",
            name="source",
            field=models.CharField(
                choices=[
                    ("sign_up", "Sign-up"),
                    ("plan", "Plan"),
                    ("purchase", "Purchase"),
                    ("promotion", "Promotion"),
                    ("staff", "Staff"),
                    ("returned", "Returned"),
                    ("overage", "Overage"),
                ],
                max_length=9,
                verbose_name="source",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(
                condition=models.Q(("status__in", ["received", "processing"])),
                fields=["next_attempt_at"],
                name="webhook_event_due",
            ),
        ),
        # In two steps, so that grants are not locked while they are read.
        AddConstraintNotValid(
            model_name="creditgrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("source__in", ["sign_up", "plan", "purchase", "promotion", "staff", "returned", "overage"])
                ),
                name="grant_source_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "processed"), _negated=True), ("processed_at__isnull", False), _connector="OR"
                ),
                name="webhook_event_processed_dated",
            ),
        ),
        migrations.AddConstraint(
            model_name="reconciliation",
            constraint=models.CheckConstraint(
                condition=models.Q(("since__lt", models.F("until"))), name="reconciliation_span_not_empty"
            ),
        ),
        migrations.AddConstraint(
            model_name="watermark",
            constraint=models.CheckConstraint(
                condition=models.Q(("name__in", ["events", "payments"])), name="watermark_name_known"
            ),
        ),
    ]
