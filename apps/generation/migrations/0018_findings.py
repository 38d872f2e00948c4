"""What personal data and secrets were found in texts, in numbers; and when texts were erased for their age."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0017_cached_answers")]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="findings",
            field=models.JSONField(blank=True, db_default={}, default=dict, verbose_name="findings"),
        ),
        migrations.AddField(
            model_name="generation",
            name="texts_erased_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="texts erased at"),
        ),
    ]
