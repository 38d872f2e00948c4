"""The second wall: PostgreSQL itself shows a scope the rows of its own workspace and no others."""

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from apps.accounts.models import Membership, Workspace
from apps.core.db import system_scope, workspace_scope
from apps.core.row_security import condition_of, workspace_column_of
from apps.generation.models import Attempt, Conversation, Generation
from dev.sample_data.cast import make_cast
from tests.factories import GenerationFactory
from tests.guards import catalogue
from tests.guards.catalogue import ALL_MODELS

# Tables that belong to no workspace, and why.
OF_NOBODY = {
    "account_emailaddress": "of a person, before and beside every workspace",
    "account_emailconfirmation": "of a person",
    "accounts_dataexport": "of a person",
    "accounts_dataexportchunk": "of a person's file",
    "accounts_providerconsent": "of a person, wherever they generate",
    "accounts_user": "a person may belong to several workspaces",
    "accounts_user_groups": "of staff",
    "accounts_user_user_permissions": "of staff",
    "accounts_waitlistentry": "of an address, before there is a person",
    "auth_group": "of staff",
    "auth_group_permissions": "of staff",
    "auth_permission": "names of rights",
    "billing_formeraddress": "a keyed hash that belongs to nobody's workspace",
    "billing_reconciliation": "of the whole shop, read by staff",
    "billing_watermark": "how far Stripe's events were read",
    "billing_webhookevent": "raw, before it is known whose it is; read by handlers and staff",
    "core_alert": "of the deployment, read by staff",
    "core_auditentry": "read by staff",
    "core_outgoingmail": "of an address; written by all, read by the worker",
    "django_admin_log": "of staff",
    "django_content_type": "names of tables",
    "django_session": "before it is known who somebody is",
    "generation_budget": "of the deployment",
    "generation_flag": "the same for everybody",
    "generation_flag_groups": "of staff",
    "generation_flag_users": "of a person, wherever they generate",
    "generation_preference": "of a person, wherever they generate",
    "generation_prompttemplateversion": "the same for everybody",
    "generation_publishedtemplate": "the same for everybody",
    "generation_switch": "the same for everybody",
    "insights_costprogress": "how far usage and ledger were rolled up",
    "insights_monthrevenue": "sums of everybody, read by staff",
    "insights_usermonth": "of a person, in all their workspaces; read by staff",
    "insights_versioncost": "sums of everybody, read by staff",
    "pages_notice": "shown to everybody",
    "mfa_authenticator": "of a person",
    "pages_contactmessage": "from anybody, read by staff",
    "socialaccount_socialaccount": "of a person",
    "socialaccount_socialapp": "of the deployment",
    "socialaccount_socialtoken": "of a person",
    "usage_dailytotal": "sums of everybody, read by staff",
    "usersessions_usersession": "of a person",
    "waffle_sample": "a library's, and empty",
}
WALLED = {model._meta.db_table: model for model in ALL_MODELS if condition_of(model)}
SECURED = "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace"


@pytest.fixture
def cast(committed_db):
    """Customers with rows in every table that a customer can fill."""
    return make_cast()


def test_every_table_belongs_to_a_workspace_or_says_why_it_does_not():
    assert {model._meta.db_table for model in ALL_MODELS} - WALLED.keys() == OF_NOBODY.keys()


def test_every_table_of_a_workspace_has_its_wall_in_the_database(db):
    assert {table for (table,) in catalogue.rows(SECURED)} == WALLED.keys()


@pytest.mark.usefixtures("cast")
def test_a_scope_shows_the_rows_of_its_workspace_and_no_scope_is_an_error():
    alien, empty = {}, []
    for table, model in WALLED.items():
        workspace_id = catalogue.rows(f"SELECT {owner_of(model)} FROM {table} ORDER BY 1 LIMIT 1")
        if not workspace_id:
            empty.append(table)
            continue
        with workspace_scope(workspace_id[0][0]):
            seen = {owner for (owner,) in catalogue.rows(f"SELECT DISTINCT {owner_of(model)} FROM {table}")}
        alien[table] = seen - {workspace_id[0][0]} or seen != {workspace_id[0][0]}
        assert is_refused_without_scope(table), table

    assert not any(alien.values()), alien
    # The samples have no row of some; their condition is the same.
    assert len(alien) > len(empty), empty


def owner_of(model) -> str:
    """The workspace of a row, as SQL."""
    column = workspace_column_of(model)
    return (
        column
        or f"(SELECT workspace_id FROM generation_generation g WHERE g.id = {model._meta.db_table}.generation_id)"
    )


def is_refused_without_scope(table: str) -> bool:
    try:
        with transaction.atomic():
            catalogue.rows("SELECT set_config('keel.scope', '', true)")
            catalogue.rows(f"SELECT count(*) FROM {table}")
    except DatabaseError as error:
        return "outside of a scope" in str(error)
    return False


def test_a_selector_that_forgets_to_filter_leaks_nothing(db):
    mine, other = GenerationFactory(), GenerationFactory()

    with workspace_scope(mine.workspace_id):
        assert list(Generation.objects.all()) == [mine]
        assert not Generation.objects.filter(pk=other.pk).exists()
        assert [one.workspace_id for one in Conversation.objects.all()] == [mine.workspace_id]
        assert {one.workspace_id for one in Membership.objects.all()} == {mine.workspace_id}
        assert [one.pk for one in Workspace.objects.all()] == [mine.workspace_id]
        assert not Attempt.objects.filter(generation=other).exists()


def test_rows_of_others_are_neither_changed_nor_made(db):
    mine, other = GenerationFactory(), GenerationFactory()

    with workspace_scope(mine.workspace_id):
        assert Conversation.objects.filter(pk=other.conversation_id).update(title="mine now") == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Conversation.objects.create(workspace_id=other.workspace_id)
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Conversation.objects.filter(pk=mine.conversation_id).update(workspace_id=other.workspace_id)


def test_a_scope_within_another_ends_where_it_began(db):
    mine, other = GenerationFactory(), GenerationFactory()

    with workspace_scope(mine.workspace_id):
        with system_scope():
            assert Generation.objects.count() == 2
            with workspace_scope(other.workspace_id):
                assert list(Generation.objects.all()) == [other]
            assert Generation.objects.count() == 2
        assert list(Generation.objects.all()) == [mine]
        with pytest.raises(ZeroDivisionError), system_scope():
            _ = 1 / 0
        assert list(Generation.objects.all()) == [mine]


def test_the_role_of_the_app_cannot_take_the_wall_down(db):
    with pytest.raises(ProgrammingError, match="must be owner"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE generation_generation DISABLE ROW LEVEL SECURITY")
