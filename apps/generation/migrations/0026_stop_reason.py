"""What staff told people when they stopped a run."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0025_batches")]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="stop_reason",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=500, verbose_name="why it was stopped"
            ),
        ),
    ]
