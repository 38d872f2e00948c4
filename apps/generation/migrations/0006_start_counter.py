"""How many generations a workspace has started today; counting begins with the first start after this migration."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("generation", "0005_search_and_deleted")]

    operations = [
        migrations.CreateModel(
            name="StartCounter",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="start_counter",
                        serialize=False,
                        to="accounts.workspace",
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("started", models.PositiveBigIntegerField(verbose_name="started")),
            ],
            options={
                "verbose_name": "start counter",
                "verbose_name_plural": "start counters",
                "constraints": [
                    models.CheckConstraint(condition=Q(started__gte=1), name="start_counter_counts_a_start")
                ],
            },
        ),
    ]
