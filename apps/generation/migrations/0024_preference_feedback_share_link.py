"""How people like to be written for, what they think of answers, and to whom they show them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_key_budget"),
        ("generation", "0023_title_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Preference",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="preference",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tone",
                    models.CharField(
                        default="as_asked",
                        choices=[
                            ("as_asked", "As the template says"),
                            ("friendly", "Friendly"),
                            ("formal", "Formal"),
                            ("plain", "Plain and short"),
                            ("lively", "Lively"),
                        ],
                        max_length=16,
                        verbose_name="tone",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        default="as_asked",
                        choices=[
                            ("as_asked", "The language of what I write"),
                            ("en", "English"),
                            ("de", "German"),
                            ("fr", "French"),
                            ("es", "Spanish"),
                            ("it", "Italian"),
                            ("pt", "Portuguese"),
                            ("nl", "Dutch"),
                            ("pl", "Polish"),
                            ("ja", "Japanese"),
                            ("zh", "Chinese"),
                        ],
                        max_length=8,
                        verbose_name="language",
                    ),
                ),
                ("template", models.CharField(blank=True, max_length=64, verbose_name="default template")),
            ],
            options={
                "verbose_name": "preference",
                "verbose_name_plural": "preferences",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("tone__in", ["as_asked", "friendly", "formal", "plain", "lively"])),
                        name="preference_tone_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("language__in", ["as_asked", "en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "zh"])
                        ),
                        name="preference_language_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ShareLink",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("is_conversation", models.BooleanField(default=False, verbose_name="whole conversation")),
                ("digest", models.CharField(max_length=64, unique=True, verbose_name="digest of the link")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked at")),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "generation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="share_links",
                        to="generation.generation",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="share_links", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "verbose_name": "share link",
                "verbose_name_plural": "share links",
            },
        ),
        migrations.CreateModel(
            name="Feedback",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "verdict",
                    models.CharField(choices=[("up", "Good"), ("down", "Bad")], max_length=4, verbose_name="verdict"),
                ),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated at")),
                (
                    "generation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="feedback", to="generation.generation"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "feedback",
                "verbose_name_plural": "feedback",
                "constraints": [
                    models.UniqueConstraint(fields=("generation", "user"), name="feedback_once_per_person"),
                    models.CheckConstraint(
                        condition=models.Q(("verdict__in", ["up", "down"])), name="feedback_verdict_known"
                    ),
                ],
            },
        ),
    ]
