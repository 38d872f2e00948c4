"""Which models may answer in the place of the chosen one, kept with each generation."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0011_attempt_measures")]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="fallback_models",
            field=ArrayField(
                base_field=models.CharField(max_length=128),
                blank=True,
                db_default=[],
                default=list,
                size=None,
                verbose_name="models that may stand in",
            ),
        ),
    ]
