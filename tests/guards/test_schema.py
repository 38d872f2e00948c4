"""What the models promise, the database keeps by itself: read from PostgreSQL's own catalogue."""

import re

import pytest
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

from tests.guards import catalogue
from tests.guards.catalogue import ALL_MODELS, PRODUCT_MODELS, Check

pytestmark = pytest.mark.django_db

# Why a column may be empty. Whoever adds one says why here; most columns need no NULL.
NULLABLE = {
    "accounts_apikey.budget_credits": "has no budget of its own",
    "accounts_apikey.expires_at": "never expires",
    "accounts_apikey.last_used_at": "was never used",
    "accounts_apikey.revoked_at": "is not revoked",
    "accounts_dataexport.expires_at": "is not ready",
    "accounts_dataexport.finished_at": "is being made",
    "accounts_providerconsent.withdrawn_at": "stands",
    "accounts_user.deletion_due_at": "has not asked to be deleted",
    "accounts_user.erased_at": "is not erased",
    "accounts_user.last_login": "has never logged in; Django's own column",
    "accounts_user.suspended_at": "is not suspended",
    "accounts_workspace.suspended_at": "is not suspended",
    "accounts_invitation.accepted_at": "nobody has accepted it",
    "accounts_invitation.invited_by_id": "the person was erased, the row stays",
    "accounts_invitation.revoked_at": "nobody has withdrawn it",
    "accounts_membership.allowance_credits": "may use as much as there is",
    "accounts_membership.daily_allowance_credits": "may use as much in a day as in a month",
    "accounts_membership.chosen_at": "has never switched to it",
    "accounts_waitlistentry.confirmed_at": "nobody has followed the link",
    "accounts_waitlistentry.expires_at": "has no invitation",
    "accounts_waitlistentry.invitation_digest": "has no invitation that works",
    "accounts_waitlistentry.invited_at": "has no invitation",
    "accounts_waitlistentry.signed_up_at": "has made no account",
    "accounts_workspace.deleted_at": "is not deleted",
    "accounts_workspace.erased_at": "is not erased",
    "accounts_workspace.made_for_id": "was made as a team",
    "accounts_workspace.seat_limit": "the plan does not count people",
    "billing_checkoutsession.stripe_id": "Stripe has not answered",
    "billing_checkoutsession.user_id": "the person was erased, the row stays",
    "billing_creditgrant.expires_at": "never expires",
    "billing_customer.erased_at": "is not erased",
    "billing_formeraddress.erased_on": "was noted at the welcome, not at the end",
    "billing_hold.ended_at": "is still open",
    "billing_invoice.next_payment_attempt_at": "will not be tried again",
    "billing_invoice.paid_at": "is not paid",
    "billing_ledgerentry.hold_id": "only a capture comes from a hold",
    "billing_ledgerentry.grant_id": "a capture spends from several grants",
    "billing_ledgerentry.reverses_id": "only a reversal undoes another entry",
    "billing_overagereport.reported_at": "is not told to Stripe yet",
    "billing_payment.grant_entry_id": "brought no credits",
    "billing_payment.stripe_payment_intent_id": "no money moved: a discount or a credit covered it",
    "billing_spendingrules.monthly_cap_credits": "no cap is set",
    "billing_subscription.cancel_at": "goes on",
    "billing_subscription.ended_at": "has not ended",
    "billing_subscription.past_due_since": "is not overdue",
    "billing_subscription.trial_end": "has no trial",
    "billing_topup.ended_at": "is under way",
    "billing_topup.stripe_payment_intent_id": "nothing was charged yet",
    "billing_webhookevent.processed_at": "is not processed",
    "core_auditentry.user_id": "was done to nobody in particular",
    "core_auditentry.workspace_id": "was done to no workspace",
    "generation_attempt.duration_ms": "has not ended",
    "generation_attempt.first_token_ms": "no token has come",
    "generation_attempt.http_status": "the provider has not answered",
    "generation_conversation.archived_at": "is not archived",
    "generation_batch.fed_at": "the feeder has not come to it",
    "generation_batch.finished_at": "is not over",
    "generation_batch.resumed_at": "nobody has started it",
    "generation_batch.started_at": "nobody has started it",
    "generation_batch.waits_until": "waits for nothing",
    "generation_batchrow.generation_id": "is not started",
    "generation_batchrow.started_at": "is not started",
    "generation_conversation.deleted_at": "is not deleted",
    "generation_conversation.pinned_at": "is not pinned",
    "generation_conversation.renamed_at": "has the title that was made for it",
    "generation_flag.everyone": "some are offered it, by the other fields",
    "generation_flag.percent": "no part of everybody is offered it",
    "generation_generation.api_key_id": "was started on a page, or its key was erased",
    "generation_generation.cancel_requested_at": "nobody has pressed Stop",
    "generation_generation.deleted_at": "is not deleted",
    "generation_generation.finished_at": "has not ended",
    "generation_generation.lease_expires_at": "no worker has it",
    "generation_generation.parent_id": "is the first of its conversation",
    "generation_generation.purged_at": "still has its texts",
    "generation_generation.texts_erased_at": "its workspace keeps its texts so far",
    "generation_generation.started_at": "no worker has begun it",
    "generation_publishedtemplate.published_by_id": "a release has published it, or the person was erased",
    "generation_step.finished_at": "is being taken, or its worker died",
    "generation_generation.variant_of_id": "is the first run of its inputs there",
    "generation_sharelink.revoked_at": "works",
    "insights_costprogress.read_until": "nothing was rolled up yet",
    "insights_dailycost.user_id": "usage of something else than a generation",
    "insights_dailycost.version_id": "usage of something else than a generation",
    "insights_usermonth.margin_usd_micros": "computed by the database from columns that are not",
    "insights_usermonth.tokens": "computed by the database from columns that are not",
    "insights_versioncost.version_id": "usage of something else than a generation",
    "insights_workspacemonth.margin_usd_micros": "computed by the database from columns that are not",
    "insights_workspacemonth.tokens": "computed by the database from columns that are not",
    "pages_contactmessage.handled_at": "nobody has handled it",
    "pages_contactmessage.user_id": "was written without logging in",
    "pages_notice.ends_at": "stays until staff end it",
    "usage_memberusage.api_key_id": "came without an API key",
    "usage_memberusage.user_id": "the person was erased, the figures stay",
    "usage_usagerecord.api_key_id": "came without an API key",
    "usage_usagerecord.duration_ms": "the worker died, or nobody measured it",
    "usage_usagerecord.template_version": "belongs to no template, or to one that is not kept",
    "usage_usagerecord.user_id": "the person was erased, the record stays",
}
IDENTIFIER = re.compile(r"(^|_)(key|slug)$|^stripe_\w*id$|^email$")
# Identifiers of something else than their own row.
NOT_OF_THE_ROW = {
    "billing_invoice.stripe_subscription_id",
    "billing_overagereport.stripe_subscription_id",
    "billing_payment.stripe_subscription_id",
    "billing_subscription.stripe_item_id",
    "usage_usagerecord.template_slug",
}
MONEY = re.compile(r"credits|cents|micros|amount|balance|held|debt|remaining|tokens")
OUR_LABELS = {model._meta.app_label for model in PRODUCT_MODELS}
WHOLE_NUMBERS = {"integer", "bigint", "smallint"}

CHOICES = [
    (model._meta.db_table, field)
    for model in PRODUCT_MODELS
    for field in model._meta.local_concrete_fields
    if field.choices
]


@pytest.mark.parametrize(("table", "field"), CHOICES, ids=[f"{table}.{field.column}" for table, field in CHOICES])
def test_a_field_with_choices_has_a_check_that_names_exactly_these(table, field):
    values = frozenset(value for value, _label in field.flatchoices)

    assert Check(table, field.column, values) in catalogue.checks()


def test_there_are_fields_with_choices():
    assert "status" in {field.name for _table, field in CHOICES}


def test_every_foreign_key_is_one_in_the_database():
    declared = {
        (model._meta.db_table, field.column, field.target_field.model._meta.db_table)
        for model, field in catalogue.fields(models.ForeignKey)
    }

    assert ("generation_generation", "hold_id", "billing_hold") in declared
    assert declared - catalogue.foreign_keys() == set()


def test_every_identifier_is_unique_in_the_database():
    unique = catalogue.unique_columns()
    declared = {
        (model._meta.db_table, field.column)
        for model, field in catalogue.fields(models.Field)
        if field.unique or (model in PRODUCT_MODELS and IDENTIFIER.search(field.column))
    }
    declared = {(table, column) for table, column in declared if f"{table}.{column}" not in NOT_OF_THE_ROW}

    assert {("billing_webhookevent", "stripe_id"), ("generation_generation", "idempotency_key")} <= declared
    covered = {(table, column) for table, columns in unique for column in columns}
    assert declared - covered == set()


def test_every_declared_uniqueness_is_an_index():
    declared = {
        (model._meta.db_table, constraint.name)
        for model in ALL_MODELS
        for constraint in model._meta.total_unique_constraints
    }
    indexed = catalogue.rows(
        "SELECT indrelid::regclass::text, indexrelid::regclass::text FROM pg_index WHERE indisunique AND indisvalid"
    )

    assert declared
    assert declared - set(indexed) == set()


def test_every_column_that_may_be_empty_has_a_reason():
    nullable = {
        f"{model._meta.db_table}.{column}"
        for model in PRODUCT_MODELS
        for column, (_kind, may_be_null) in catalogue.columns(model._meta.db_table).items()
        if may_be_null
    }

    assert nullable - NULLABLE.keys() == set(), "say why it may be empty"
    assert NULLABLE.keys() - nullable == set(), "these are not empty any more: take their reason out"
    assert all(NULLABLE.values())


def test_no_column_of_the_product_is_a_floating_or_decimal_number():
    kinds = {
        f"{model._meta.db_table}.{column}": kind
        for model in PRODUCT_MODELS
        for column, (kind, _nullable) in catalogue.columns(model._meta.db_table).items()
    }

    assert {name for name, kind in kinds.items() if kind in {"real", "double precision", "numeric", "money"}} == set()


def test_money_and_tokens_are_whole_numbers():
    kinds = {
        f"{model._meta.db_table}.{column}": kind
        for model in PRODUCT_MODELS
        for column, (kind, _nullable) in catalogue.columns(model._meta.db_table).items()
        if MONEY.search(column)
    }

    assert "billing_creditaccount.balance" in kinds
    # "wants low balance mail" is a yes or no about money, not money.
    assert {name for name, kind in kinds.items() if kind not in WHOLE_NUMBERS | {"boolean"}} == set()


def test_times_are_kept_with_their_zone():
    kinds = {kind for model in ALL_MODELS for kind, _null in catalogue.columns(model._meta.db_table).values()}

    assert "timestamp with time zone" in kinds
    assert "timestamp without time zone" not in kinds


@pytest.mark.django_db(databases=["default", "owner"])
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_migration_has_a_name_that_somebody_chose():
    loader = MigrationLoader(connection)
    ours = [migration for key, migration in loader.disk_migrations.items() if key[0] in OUR_LABELS]
    later = [migration for migration in ours if not migration.name.endswith("_initial")]

    assert later
    assert [migration.name for migration in later if migration.name[5:] == migration.suggest_name()] == []
    assert [migration.name for migration in ours if re.search(r"_auto_|^\d{4}_\d", migration.name)] == []


def test_every_migration_is_applied():
    loader = MigrationLoader(connection)

    assert set(loader.disk_migrations) - set(loader.applied_migrations) == set()
