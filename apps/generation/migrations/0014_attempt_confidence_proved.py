"""Prove the rule of 0013 for the rows that were there, while others read and write."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("generation", "0013_attempt_confidence")]

    operations = [ValidateConstraint(model_name="attempt", name="attempt_confidence_known")]
