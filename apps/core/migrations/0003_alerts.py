"""What those who run the product were told."""

from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0002_audit_origin"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(max_length=32, verbose_name="kind")),
                ("window", models.CharField(max_length=200, verbose_name="whom and when it concerns")),
                ("sentence", models.CharField(max_length=500, verbose_name="sentence")),
                ("facts", models.JSONField(blank=True, default=dict, verbose_name="facts")),
                (
                    "delivery",
                    models.CharField(
                        choices=[("none", "No webhook"), ("queued", "Queued"), ("sent", "Sent"), ("failed", "Failed")],
                        default="none",
                        max_length=6,
                        verbose_name="webhook",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("error", models.CharField(blank=True, max_length=250, verbose_name="last error")),
                ("next_attempt_at", models.DateTimeField(auto_now_add=True, verbose_name="next attempt at")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "alert",
                "verbose_name_plural": "alerts",
                "indexes": [
                    models.Index(
                        condition=models.Q(("delivery", "queued")), fields=["next_attempt_at"], name="alert_due"
                    ),
                    models.Index(fields=["created_at"], name="alert_created_at"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "window"), name="alert_once_per_window"),
                    models.CheckConstraint(
                        condition=models.Q(("delivery__in", ["none", "queued", "sent", "failed"])),
                        name="alert_delivery_known",
                    ),
                ],
            },
        ),
    ]
