"""Usage records know the version of their template, their API key, their time, and whether they end a call.

The rows that are there are filled by 0004 and checked by 0005; the trigger that keeps the user lets such an update by.
"""

import pgtrigger.compiler
import pgtrigger.migrations
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("usage", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="usagerecord",
            name="api_key_id",
            field=models.UUIDField(blank=True, null=True, verbose_name="API key"),
        ),
        migrations.AddField(
            model_name="usagerecord",
            name="duration_ms",
            field=models.IntegerField(blank=True, null=True, verbose_name="duration (ms)"),
        ),
        migrations.AddField(
            model_name="usagerecord",
            name="ends_call",
            field=models.BooleanField(db_default=False, default=False, verbose_name="last attempt of its call"),
        ),
        migrations.AddField(
            model_name="usagerecord",
            name="template_version",
            field=models.IntegerField(blank=True, null=True, verbose_name="version of the template"),
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="usagerecord",
            name="usage_record_user_taken_off",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="usagerecord",
            trigger=pgtrigger.compiler.Trigger(
                name="usage_record_user_taken_off",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (NEW."user_id" IS DISTINCT FROM (OLD."user_id") AND NEW."user_id" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="41373554cfef5c9de2e167151f72984c30b592cf",
                    operation="UPDATE",
                    pgid="pgtrigger_usage_record_user_taken_off_1e3e7",
                    table="usage_usagerecord",
                    when="BEFORE",
                ),
            ),
        ),
        AddConstraintNotValid(
            model_name="usagerecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("duration_ms__gte", 0), ("template_version__gte", 1)),
                name="usage_record_details_not_negative",
            ),
        ),
    ]
