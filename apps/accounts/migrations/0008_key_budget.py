"""What the runs of an API key may use in a month, where it has a budget."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_waitlist"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="budget_credits",
            field=models.PositiveBigIntegerField(blank=True, null=True, verbose_name="monthly budget (credits)"),
        ),
    ]
