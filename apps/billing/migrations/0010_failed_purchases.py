"""A debit or a transfer that did not come: the session says so."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("billing", "0009_top_up_card_and_metered_overage")]

    operations = [
        migrations.AddField(
            model_name="checkoutsession",
            name="has_failed",
            field=models.BooleanField(db_default=False, default=False, verbose_name="failed"),
        ),
        # No row can break it yet, so none is read while the table is locked.
        AddConstraintNotValid(
            model_name="checkoutsession",
            constraint=models.CheckConstraint(
                condition=Q(has_failed=False) | Q(status="complete", is_paid=False),
                name="checkout_session_failed_once_complete",
            ),
        ),
    ]
