"""What 0004 has filled in holds the rules, and never changes again."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("usage", "0004_fill_member_usage")]

    operations = [
        ValidateConstraint(model_name="usagerecord", name="usage_record_details_not_negative"),
        pgtrigger.migrations.RemoveTrigger(
            model_name="usagerecord",
            name="usage_record_unchanged",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="usagerecord",
            trigger=pgtrigger.compiler.Trigger(
                name="usage_record_unchanged",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."workspace_id" IS DISTINCT FROM (NEW."workspace_id") OR OLD."key" IS DISTINCT FROM (NEW."key") OR OLD."feature" IS DISTINCT FROM (NEW."feature") OR OLD."subject_id" IS DISTINCT FROM (NEW."subject_id") OR OLD."template" IS DISTINCT FROM (NEW."template") OR OLD."template_version" IS DISTINCT FROM (NEW."template_version") OR OLD."api_key_id" IS DISTINCT FROM (NEW."api_key_id") OR OLD."ends_call" IS DISTINCT FROM (NEW."ends_call") OR OLD."duration_ms" IS DISTINCT FROM (NEW."duration_ms") OR OLD."provider" IS DISTINCT FROM (NEW."provider") OR OLD."request_model" IS DISTINCT FROM (NEW."request_model") OR OLD."response_model" IS DISTINCT FROM (NEW."response_model") OR OLD."input_tokens" IS DISTINCT FROM (NEW."input_tokens") OR OLD."cached_input_tokens" IS DISTINCT FROM (NEW."cached_input_tokens") OR OLD."output_tokens" IS DISTINCT FROM (NEW."output_tokens") OR OLD."confidence" IS DISTINCT FROM (NEW."confidence") OR OLD."rate_model" IS DISTINCT FROM (NEW."rate_model") OR OLD."rate_effective_from" IS DISTINCT FROM (NEW."rate_effective_from") OR OLD."rate_input_credits" IS DISTINCT FROM (NEW."rate_input_credits") OR OLD."rate_cached_input_credits" IS DISTINCT FROM (NEW."rate_cached_input_credits") OR OLD."rate_output_credits" IS DISTINCT FROM (NEW."rate_output_credits") OR OLD."rate_input_cost_usd_micros" IS DISTINCT FROM (NEW."rate_input_cost_usd_micros") OR OLD."rate_cached_input_cost_usd_micros" IS DISTINCT FROM (NEW."rate_cached_input_cost_usd_micros") OR OLD."rate_output_cost_usd_micros" IS DISTINCT FROM (NEW."rate_output_cost_usd_micros") OR OLD."microcredits" IS DISTINCT FROM (NEW."microcredits") OR OLD."charged_credits" IS DISTINCT FROM (NEW."charged_credits") OR OLD."capped" IS DISTINCT FROM (NEW."capped") OR OLD."cost_usd_micros" IS DISTINCT FROM (NEW."cost_usd_micros") OR OLD."request_id" IS DISTINCT FROM (NEW."request_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="1c7cd147c248222ae14e8cb551bd31deed8faaeb",
                    operation="UPDATE",
                    pgid="pgtrigger_usage_record_unchanged_e1914",
                    table="usage_usagerecord",
                    when="BEFORE",
                ),
            ),
        ),
    ]
