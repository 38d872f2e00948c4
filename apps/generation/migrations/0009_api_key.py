"""With which key a program has started a generation."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_key_budget"),
        ("generation", "0008_find"),
    ]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="api_key",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="generations",
                to="accounts.apikey",
            ),
        ),
    ]
