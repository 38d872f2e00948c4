"""Which version of a prompt template is live, and who may choose another."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("generation", "0014_attempt_confidence_proved"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="prompttemplateversion",
            options={
                "permissions": [("publish_prompttemplateversion", "Can publish another version of a prompt template")],
                "verbose_name": "prompt template version",
                "verbose_name_plural": "prompt template versions",
            },
        ),
        migrations.CreateModel(
            name="PublishedTemplate",
            fields=[
                ("slug", models.SlugField(max_length=64, primary_key=True, serialize=False, verbose_name="template")),
                ("deployed_fingerprint", models.CharField(max_length=64, verbose_name="fingerprint of the file")),
                ("published_at", models.DateTimeField(verbose_name="published at")),
                (
                    "published_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="published",
                        to="generation.prompttemplateversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "published template",
                "verbose_name_plural": "published templates",
            },
        ),
    ]
