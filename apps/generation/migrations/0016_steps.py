"""The steps of a run, and how many answers it may ask for."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("generation", "0015_published_templates"),
    ]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="rounds_max",
            field=models.PositiveSmallIntegerField(db_default=1, default=1, verbose_name="most rounds"),
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("answer", "Answer"),
                            ("second_try", "Second try"),
                            ("draft", "Draft"),
                            ("check", "Check"),
                            ("revise", "Revision"),
                            ("tool", "Tool"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("text", models.TextField(blank=True, verbose_name="text")),
                ("detail", models.JSONField(default=dict, verbose_name="detail")),
                ("attempts_made", models.PositiveSmallIntegerField(default=0, verbose_name="attempts made by then")),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished at")),
                (
                    "generation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="generation.generation"
                    ),
                ),
            ],
            options={
                "verbose_name": "step",
                "verbose_name_plural": "steps",
                "constraints": [
                    models.UniqueConstraint(fields=("generation", "number"), name="step_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["answer", "second_try", "draft", "check", "revise", "tool"])),
                        name="step_kind_known",
                    ),
                ],
            },
        ),
    ]
