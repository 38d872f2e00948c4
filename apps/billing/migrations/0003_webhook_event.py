from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0002_ledger_functions"),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("stripe_id", models.CharField(max_length=255, unique=True, verbose_name="Stripe's id")),
                ("type", models.CharField(max_length=255, verbose_name="type")),
                ("payload", models.JSONField(verbose_name="payload")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("processing", "Processing"),
                            ("processed", "Processed"),
                            ("failed", "Failed"),
                            ("ignored", "Ignored"),
                        ],
                        default="received",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("error", models.CharField(blank=True, max_length=250, verbose_name="last error")),
                ("received_at", models.DateTimeField(auto_now_add=True, verbose_name="received at")),
            ],
            options={
                "verbose_name": "webhook event",
                "verbose_name_plural": "webhook events",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["received", "processing", "processed", "failed", "ignored"])
                        ),
                        name="webhook_event_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stripe_id", ""), _negated=True), name="webhook_event_id_given"
                    ),
                ],
            },
        ),
    ]
