"""When the texts of a deleted generation were erased. Nothing is rewritten, and old rows are not looked at yet."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("generation", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="purged_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="purged at"),
        ),
        AddConstraintNotValid(
            model_name="generation",
            constraint=models.CheckConstraint(
                condition=Q(purged_at__isnull=True) | Q(deleted_at__isnull=False, inputs={}, output=""),
                name="generation_purged_is_empty",
            ),
        ),
    ]
