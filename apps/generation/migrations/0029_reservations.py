from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0028_flags")]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="reserved_cost_usd_micros",
            field=models.PositiveBigIntegerField(db_default=0, default=0, verbose_name="cost reserved, in USD micros"),
        ),
        migrations.AddField(
            model_name="generation",
            name="reserved_tokens",
            field=models.PositiveBigIntegerField(db_default=0, default=0, verbose_name="tokens reserved"),
        ),
    ]
