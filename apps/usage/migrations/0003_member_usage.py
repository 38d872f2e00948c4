"""A rollup by person and API key, for the usage page."""

import uuid

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("usage", "0002_record_details"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="MemberUsage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("records", models.BigIntegerField(verbose_name="records")),
                ("input_tokens", models.BigIntegerField(verbose_name="input tokens")),
                ("cached_input_tokens", models.BigIntegerField(verbose_name="cached input tokens")),
                ("output_tokens", models.BigIntegerField(verbose_name="output tokens")),
                ("charged_credits", models.BigIntegerField(verbose_name="charged credits")),
                ("cost_usd_micros", models.BigIntegerField(verbose_name="cost in USD micros")),
                ("day", models.DateField(verbose_name="day")),
                ("api_key_id", models.UUIDField(blank=True, null=True, verbose_name="API key")),
                ("model", models.CharField(max_length=128, verbose_name="model")),
                ("template", models.CharField(blank=True, max_length=100, verbose_name="template")),
                ("calls", models.BigIntegerField(verbose_name="calls")),
                ("duration_ms", models.BigIntegerField(verbose_name="duration (ms)")),
            ],
            options={
                "verbose_name": "member usage",
                "verbose_name_plural": "member usage",
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="memberusage",
            name="user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AddField(
            model_name="memberusage",
            name="workspace",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="member_usage",
                to="accounts.workspace",
                verbose_name="workspace",
            ),
        ),
        migrations.AddConstraint(
            model_name="memberusage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cached_input_tokens__gte", 0),
                    ("charged_credits__gte", 0),
                    ("cost_usd_micros__gte", 0),
                    ("input_tokens__gte", 0),
                    ("output_tokens__gte", 0),
                    ("records__gte", 0),
                ),
                name="memberusage_counts_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="memberusage",
            constraint=models.CheckConstraint(
                condition=models.Q(("calls__gte", 0), ("duration_ms__gte", 0)), name="member_usage_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="memberusage",
            constraint=models.UniqueConstraint(
                models.F("workspace"),
                models.F("day"),
                models.F("user"),
                django.db.models.functions.comparison.Coalesce(
                    "api_key_id", models.Value(uuid.UUID("00000000-0000-0000-0000-000000000000"))
                ),
                models.F("model"),
                models.F("template"),
                name="member_usage_once",
            ),
        ),
    ]
