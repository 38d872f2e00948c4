"""The matrix of the admin: who reads which list and writes which rows, and every act beside them."""

from tests.access.rules import Rule, public, staff

SUPPORT, FINANCE, OPERATOR = "support", "finance", "operator"
EVERYBODY = (SUPPORT, FINANCE, OPERATOR)
ANYBODY = (*EVERYBODY, "")
# Who reads which list, with its pages. Superusers read them all.
READERS: dict[str, tuple[str, ...]] = {
    "account.emailaddress": (),
    "accounts.apikey": EVERYBODY,
    "accounts.invitation": EVERYBODY,
    "accounts.membership": EVERYBODY,
    "accounts.user": EVERYBODY,
    "accounts.waitlistentry": (SUPPORT, OPERATOR),
    "accounts.workspace": EVERYBODY,
    "auth.group": (),
    "billing.checkoutsession": (FINANCE,),
    "billing.creditaccount": (FINANCE,),
    "billing.creditgrant": (FINANCE,),
    "billing.customer": (FINANCE,),
    "billing.hold": (FINANCE,),
    "billing.invoice": (FINANCE,),
    "billing.ledgerentry": (FINANCE,),
    "billing.overagereport": (FINANCE,),
    "billing.payment": (FINANCE,),
    "billing.reconciliation": (FINANCE, OPERATOR),
    "billing.spendingrules": (FINANCE,),
    "billing.subscription": (FINANCE,),
    "billing.topup": (FINANCE,),
    "billing.webhookevent": (FINANCE, OPERATOR),
    "core.alert": (OPERATOR,),
    "core.auditentry": (FINANCE, OPERATOR),
    "core.outgoingmail": (SUPPORT, OPERATOR),
    "generation.attempt": EVERYBODY,
    "generation.budget": (FINANCE,),
    "generation.flag": (OPERATOR,),
    "generation.generation": EVERYBODY,
    "generation.prompttemplateversion": (SUPPORT, OPERATOR),
    "generation.switch": (SUPPORT, OPERATOR),
    "mfa.authenticator": (),
    "pages.contactmessage": (SUPPORT,),
    "pages.notice": (SUPPORT, OPERATOR),
    "socialaccount.socialaccount": (),
    "usage.dailytotal": (FINANCE,),
    "usage.dailyusage": (FINANCE,),
    "usage.usagerecord": (FINANCE,),
    "usersessions.usersession": (SUPPORT, OPERATOR),
}
# Whose rows are written through the admin's own forms: by superusers, and by the roles named. Others are read alone.
WRITERS: dict[str, tuple[str, ...]] = {
    "account.emailaddress": (),
    "accounts.membership": (),
    "accounts.user": (),
    "accounts.workspace": (),
    "auth.group": (),
    "generation.budget": (FINANCE,),
    "generation.flag": (OPERATOR,),
    "generation.switch": (OPERATOR,),
    "pages.notice": (OPERATOR,),
}
NOT_DELETED = {"accounts.workspace"}
NOT_EVEN_SUPERUSERS = {"superuser": "403"}
WHY_NOT = "written by the product alone"
ACT = {200, 302}

# Beside the admin's own addresses of its models.
ACTS: dict[str, dict[str, Rule]] = {
    "admin/": {"GET": staff(*ANYBODY)},
    "admin/find/": {"GET": staff(*ANYBODY, query="q={workspace_id}")},
    "insights/": {"GET": staff(FINANCE)},
    "insights/workspaces/": {"GET": staff(FINANCE, query="month=2026-11&sort=-margin_usd_micros&q=a")},
    "insights/users/": {"GET": staff(FINANCE, query="sort=tokens&after=1_1")},
    "admin/login/": {"GET": public("leads to everybody's login", ok={302, 403})},
    "admin/logout/": {"POST": public("ends a session, if there is one")},
    "admin/jsi18n/": {"GET": staff(*ANYBODY)},
    "admin/password_change/": {"GET": staff(*ANYBODY), "POST": staff(*ANYBODY)},
    "admin/password_change/done/": {"GET": staff(*ANYBODY)},
    "admin/autocomplete/": {"GET": staff(but=NOT_EVEN_SUPERUSERS, why="no form of ours asks it")},
    "admin/<app_label>/": {
        "GET": staff(
            FINANCE,
            OPERATOR,
            but={"support": "404", "staff without a role": "404"},
            why="without a list of it to read, billing is not there",
        )
    },
    "admin/<url>": {"GET": staff(*ANYBODY, ok={404})},
    "admin/r/<path:content_type_id>/<path:object_id>/": {"GET": staff(*ANYBODY, ok={404})},
    "admin/accounts/user/<id>/password/": {"GET": staff(), "POST": staff()},
    "admin/accounts/user/<int:user_id>/impersonation/": {"GET": staff(SUPPORT), "POST": staff(SUPPORT, ok=ACT)},
    "admin/accounts/user/<int:user_id>/suspension/": {"GET": staff(OPERATOR), "POST": staff(OPERATOR, ok=ACT)},
    "admin/accounts/waitlistentry/invitations/": {"GET": staff(OPERATOR), "POST": staff(OPERATOR, ok=ACT)},
    "admin/accounts/workspace/<uuid:workspace_id>/suspension/": {
        "GET": staff(OPERATOR),
        "POST": staff(OPERATOR, ok=ACT),
    },
    "admin/billing/creditaccount/<uuid:workspace_id>/adjust/": {
        "GET": staff(FINANCE),
        "POST": staff(FINANCE, ok=ACT),
    },
    "admin/billing/payment/<uuid:payment_id>/refund/": {"GET": staff(FINANCE), "POST": staff(FINANCE, ok=ACT)},
    "admin/billing/reconciliation/compare/": {"POST": staff(OPERATOR, ok=ACT)},
    "admin/billing/reconciliation/<uuid:reconciliation_id>/fetch-again/": {"POST": staff(OPERATOR, ok=ACT)},
    "admin/billing/webhookevent/<uuid:event_id>/replay/": {"POST": staff(OPERATOR, ok=ACT)},
    "admin/generation/prompttemplateversion/<int:version_id>/publication/": {
        "GET": staff(OPERATOR),
        "POST": staff(OPERATOR, ok=ACT),
    },
    "admin/core/auditentry/export/": {"GET": staff(FINANCE, OPERATOR)},
}


def _of_model(label: str) -> dict[str, dict[str, Rule]]:
    """Return the rows of a model's own addresses."""
    base, readers = f"admin/{label.replace('.', '/')}/", READERS[label]
    write = staff(*WRITERS.get(label, ()), **({} if label in WRITERS else _refused()), ok=ACT)
    read, delete = staff(*readers), write if label not in NOT_DELETED else staff(**_refused())
    return {
        base: {"GET": read, "POST": staff(*readers, ok=ACT)},
        f"{base}add/": {"GET": write, "POST": write},
        f"{base}<path:object_id>/": {"GET": staff(*ANYBODY, ok={302})},
        f"{base}<path:object_id>/change/": {"GET": read, "POST": write},
        f"{base}<path:object_id>/delete/": {"GET": delete, "POST": delete},
        f"{base}<path:object_id>/history/": {"GET": read},
    }


def _refused() -> dict[str, object]:
    return {"but": NOT_EVEN_SUPERUSERS, "why": WHY_NOT}


STAFF_ROWS: dict[str, dict[str, Rule]] = ACTS | {
    route: ways for label in READERS for route, ways in _of_model(label).items()
}
