"""Answers that may be given again."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_key_budget"),
        ("generation", "0016_steps"),
    ]

    operations = [
        migrations.AddField(
            model_name="generation",
            name="is_cached",
            field=models.BooleanField(db_default=False, default=False, verbose_name="out of the cache"),
        ),
        migrations.CreateModel(
            name="CachedAnswer",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("is_public", models.BooleanField(verbose_name="for everybody")),
                ("inputs_hash", models.CharField(max_length=64, verbose_name="hash of all that went into it")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                (
                    "generation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cached_answer",
                        to="generation.generation",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "verbose_name": "cached answer",
                "verbose_name_plural": "cached answers",
                "indexes": [models.Index(fields=["inputs_hash", "-expires_at"], name="cached_answer_found")],
            },
        ),
    ]
