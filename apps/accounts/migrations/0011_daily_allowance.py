from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_usage_summary_mail"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="daily_allowance_credits",
            field=models.PositiveBigIntegerField(blank=True, null=True, verbose_name="daily allowance (credits)"),
        ),
    ]
