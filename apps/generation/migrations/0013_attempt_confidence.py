"""Attempts know how well their tokens are known: said first, without reading the table under a lock."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0012_fallback_models")]

    operations = [
        AddConstraintNotValid(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("confidence__in", ["exact", "estimated", "unknown"])),
                name="attempt_confidence_known",
            ),
        ),
    ]
