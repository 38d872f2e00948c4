"""What staff have stopped."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0026_stop_reason")]

    operations = [
        migrations.CreateModel(
            name="Switch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "note",
                    models.TextField(blank=True, help_text="Note where this Switch is used.", verbose_name="Note"),
                ),
                (
                    "created",
                    models.DateTimeField(
                        db_index=True,
                        default=django.utils.timezone.now,
                        help_text="Date when this Switch was created.",
                        verbose_name="Created",
                    ),
                ),
                (
                    "modified",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        help_text="Date when this Switch was last modified.",
                        verbose_name="Modified",
                    ),
                ),
                ("name", models.CharField(max_length=200, unique=True, verbose_name="what")),
                (
                    "active",
                    models.BooleanField(
                        default=False, help_text="Nothing new is started while this is on.", verbose_name="stopped"
                    ),
                ),
                (
                    "stops_running",
                    models.BooleanField(
                        default=False,
                        help_text="What is being written ends within two seconds. What was written is kept, and charged.",
                        verbose_name="also what runs",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        help_text="One or two sentences. Everybody whom it concerns reads them.",
                        max_length=300,
                        verbose_name="reason",
                    ),
                ),
            ],
            options={
                "verbose_name": "kill switch",
                "verbose_name_plural": "kill switches",
            },
        ),
    ]
