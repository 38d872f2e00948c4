"""What members of staff may do, by role: Django groups, written anew after every migrate: this file is the truth.

Whoever needs another mix makes a group of their own in the admin; these three are brought back to what stands here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

SEE_CUSTOMERS = [
    "accounts.view_user",
    "accounts.view_workspace",
    "accounts.view_membership",
    "accounts.view_apikey",
    "accounts.view_invitation",
    "generation.view_generation",
    "generation.view_attempt",
]
SEE_MONEY = [
    "billing.view_checkoutsession",
    "billing.view_creditaccount",
    "billing.view_creditgrant",
    "billing.view_customer",
    "billing.view_hold",
    "billing.view_invoice",
    "billing.view_ledgerentry",
    "billing.view_overagereport",
    "billing.view_payment",
    "billing.view_spendingrules",
    "billing.view_subscription",
    "billing.view_topup",
    "insights.view_workspacemonth",
    "usage.view_dailytotal",
    "usage.view_dailyusage",
    "usage.view_usagerecord",
]
SEE_AUDIT = ["core.view_auditentry", "core.export_auditentry"]

# Reads everything but money, answers people, and looks through their eyes.
SUPPORT = [
    *SEE_CUSTOMERS,
    "accounts.impersonate_user",
    "accounts.view_waitlistentry",
    "core.view_outgoingmail",
    "generation.view_prompttemplateversion",
    "generation.view_switch",
    "pages.change_contactmessage",
    "pages.view_contactmessage",
    "pages.view_notice",
    "usersessions.view_usersession",
]
# Corrects balances and returns money.
FINANCE = [
    *SEE_CUSTOMERS,
    *SEE_MONEY,
    *SEE_AUDIT,
    "billing.adjust_credits",
    "billing.refund_payment",
    "billing.view_reconciliation",
    "billing.view_webhookevent",
    "generation.add_budget",
    "generation.change_budget",
    "generation.delete_budget",
    "generation.view_budget",
]
# Keeps it running: kill switches, rollouts, notices, suspensions, who is let in from the waitlist, events that are to
# be processed again.
OPERATOR = [
    *SEE_CUSTOMERS,
    *SEE_AUDIT,
    "accounts.invite_waitlistentry",
    "accounts.suspend_user",
    "accounts.suspend_workspace",
    "accounts.view_waitlistentry",
    "billing.replay_event",
    "billing.view_reconciliation",
    "billing.view_webhookevent",
    "core.view_alert",
    "core.view_outgoingmail",
    "generation.add_flag",
    "generation.add_switch",
    "generation.change_flag",
    "generation.change_switch",
    "generation.delete_flag",
    "generation.delete_switch",
    "generation.publish_prompttemplateversion",
    "generation.view_flag",
    "generation.view_prompttemplateversion",
    "generation.view_switch",
    "pages.add_notice",
    "pages.change_notice",
    "pages.delete_notice",
    "pages.view_notice",
    "usersessions.view_usersession",
]
ROLES: Mapping[str, Sequence[str]] = {"support": SUPPORT, "finance": FINANCE, "operator": OPERATOR}


def write_roles(sender: AppConfig, *, using: str, **kwargs: Any) -> None:
    """Give each role's group exactly its permissions; connected to post_migrate of one app, so it comes once."""
    _ensure_permissions(using)
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.using(using).select_related("content_type")
    }
    held = Group.permissions.through.objects.using(using)
    for name, wanted in ROLES.items():
        group, _created = Group.objects.using(using).get_or_create(name=name)
        # A partial migrate does not know all of them yet.
        ids = [known[label].pk for label in wanted if label in known]
        held.filter(group=group).exclude(permission__in=ids).delete()
        # Row by row, and not `group.permissions.set`: the router would send that to the app role.
        rows = [Group.permissions.through(group_id=group.pk, permission_id=key) for key in ids]
        held.bulk_create(rows, ignore_conflicts=True)


def _ensure_permissions(using: str) -> None:
    """Make what Django makes itself a moment later, for apps that come after this one."""
    for label in {label.partition(".")[0] for wanted in ROLES.values() for label in wanted}:
        create_permissions(apps.get_app_config(label), verbosity=0, using=using)
