"""Whether a person wants the mail about the usage of a month."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_sealed_factors"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="wants_usage_summary_mail",
            field=models.BooleanField(db_default=True, default=True, verbose_name="wants usage summary mail"),
        ),
    ]
