"""What a repeated request to Stripe must repeat, and what Stripe has been asked to meter."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_spending_cap_index")]

    operations = [
        migrations.AddField(
            model_name="topup",
            name="payment_method",
            field=models.CharField(blank=True, db_default="", max_length=255, verbose_name="Stripe's id of the card"),
        ),
        migrations.AddField(
            model_name="spendingrules",
            name="overage_metered_for",
            field=models.CharField(blank=True, db_default="", max_length=300, verbose_name="overage is metered for"),
        ),
        # The table is new: no release has written a row of it.
        migrations.AddField(
            model_name="overagereport",
            name="period_start",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="period start"),
            preserve_default=False,
        ),
    ]
