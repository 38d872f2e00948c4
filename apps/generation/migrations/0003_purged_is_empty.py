"""Check the rule of the migration before for rows that were there; others go on reading and writing meanwhile."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("generation", "0002_purged_at")]

    operations = [ValidateConstraint(model_name="generation", name="generation_purged_is_empty")]
