"""The index that the sum of a month's captures needs: a spend cap asks for it at every start."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0007_refundable_plan_credits")]

    operations = [
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                condition=models.Q(("kind", "capture")),
                fields=["account", "created_at"],
                include=("amount",),
                name="entry_captured",
            ),
        ),
    ]
