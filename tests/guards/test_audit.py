"""Every sensitive act is written down: the acts that the code records, each with what it is, and nothing unnamed."""

import ast

from tests.guards.source import dotted, modules

PRODUCT = modules("apps", "config")
# Whoever records another act says here what it is.
ACTS = {
    "account_erased": "a person was made anonymous",
    "admin_added": "staff added a row through the admin's own form",
    "admin_changed": "staff changed a row through the admin's own form",
    "admin_deleted": "staff deleted a row through the admin's own form",
    "allowance_set": "a member may use so much",
    "api_key_created": "a program has a way in",
    "api_key_revoked": "a program has none any more",
    "audit_exported": "staff took the log along",
    "connection_added": "an account elsewhere lets a person in",
    "connection_removed": "it does no more",
    "contact_message_handled": "staff closed a message",
    "credits_adjusted": "staff corrected a balance",
    "data_export_requested": "a person asked for a file of all their data",
    "deletion_requested": "a person closed their account for good",
    "deletion_taken_back": "they have stayed",
    "email_changed": "a person has another address",
    "event_replayed": "staff had an event of Stripe's processed again",
    "generation_resumed": "staff let something run again",
    "generation_stopped": "staff flipped a kill switch",
    "impersonated_request": "staff opened a page as a customer",
    "impersonation_ended": "staff are themselves again",
    "impersonation_started": "staff act as a customer",
    "invitation_accepted": "somebody joined a workspace",
    "invitation_resent": "a link into a workspace was sent again",
    "invitation_revoked": "it leads nowhere any more",
    "login_factor_added": "a person has another second factor, or a passkey",
    "login_factor_removed": "a person has one less",
    "member_invited": "a link into a workspace was sent",
    "member_left": "somebody left a workspace",
    "member_removed": "somebody was taken out of it",
    "other_sessions_ended": "a person logged out everywhere else",
    "password_changed": "a person has a new password",
    "password_reset": "a person has a new password, by a link from a mail",
    "password_set": "a person has their first password",
    "payment_refunded": "money was returned",
    "plan_changed": "a workspace has another plan, or none",
    "reconciliation_requested": "staff had Stripe's records compared",
    "recovery_code_used": "a person has lost a factor, or a thief has found the codes",
    "recovery_codes_renewed": "a person has new recovery codes",
    "refund_requested": "staff asked for money to be returned",
    "retention_changed": "an owner said how long texts are kept",
    "role_changed": "a member may do more, or less",
    "session_ended": "a person ended one of their sessions",
    "spending_rules_changed": "a customer set what may be spent",
    "template_published": "staff made another version of a prompt template the live one",
    "user_restored": "staff opened an account again",
    "user_suspended": "staff closed an account for a while",
    "waitlist_invitation_withdrawn": "a link to make an account leads nowhere any more",
    "waitlist_invited": "staff mailed somebody a link to make an account",
    "workspace_became_team": "a person's own workspace can have members",
    "workspace_created": "a team was made",
    "workspace_deleted": "its owner closed it",
    "workspace_erased": "its texts and names are gone for good",
    "workspace_renamed": "its owner called it otherwise",
    "workspace_restored": "staff let a workspace work again",
    "workspace_suspended": "staff stopped what costs in a workspace",
    "workspace_transferred": "it has another owner",
    "workspace_undeleted": "an owner or staff opened it again",
}
ACTION_LENGTH_MAX = 64


def calls() -> list[ast.Call]:
    """Every call, in all of the product, that names an `action`: the entries, and what makes them."""
    found = [node for tree in PRODUCT.values() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    of_commands = [call for call in found if dotted(call.func).endswith("add_argument")]
    return [call for call in found if call not in of_commands and "action" in {kw.arg for kw in call.keywords}]


def constants(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_act_that_is_written_down_has_a_name_here():
    named = {name for tree in PRODUCT.values() for name in constants(tree) & ACTS.keys()}
    recorded = {name for call in calls() for kw in call.keywords if kw.arg == "action" for name in constants(kw.value)}

    assert ACTS.keys() - named == set(), "nothing in the code records these"
    assert recorded - ACTS.keys() == set(), "say what these are"
    assert max(map(len, ACTS)) <= ACTION_LENGTH_MAX


def test_no_entry_names_a_person_by_their_address():
    named = [kw for tree in PRODUCT.values() for kw in ast.walk(tree) if isinstance(kw, ast.keyword)]
    offences = [ast.unparse(kw) for kw in named if kw.arg == "actor" and ".email" in ast.unparse(kw.value)]

    assert offences == []


def test_only_one_module_writes_entries():
    writers = [
        path
        for path, tree in PRODUCT.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and dotted(node).endswith("AuditEntry.objects.create")
    ]

    assert writers == ["apps/core/audit.py"]
