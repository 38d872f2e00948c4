"""What is known of each provider call besides its tokens. Every column has a default of the database's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0010_key_recent")]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="confidence",
            field=models.CharField(
                choices=[("exact", "Exact"), ("estimated", "Estimated"), ("unknown", "Unknown")],
                db_default="unknown",
                default="unknown",
                max_length=9,
                verbose_name="confidence",
            ),
        ),
        migrations.AddField(
            model_name="attempt",
            name="cost_usd_micros",
            field=models.PositiveBigIntegerField(db_default=0, default=0, verbose_name="cost in USD micros"),
        ),
        migrations.AddField(
            model_name="attempt",
            name="http_status",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="HTTP status"),
        ),
        migrations.AddField(
            model_name="attempt",
            name="provider_request_id",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=128, verbose_name="provider's request id"
            ),
        ),
        migrations.AddField(
            model_name="attempt",
            name="reasoning_tokens",
            field=models.PositiveBigIntegerField(db_default=0, default=0, verbose_name="reasoning tokens"),
        ),
    ]
