"""Every page and every state of a page worth looking at: ONE list for the pictures and for all tests of the pages.

A new page is one line here. `{succeeded}` in a path is the id of a generation that dev/sample_data has made.
"""

import secrets
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pytest

from dev.sample_data.people import BUSY, FRESH, FULL, OWING, PASSWORD, PAYING, TEAMED

ANYONE, STAFF = "", "staff@keel.local"


class Page(NamedTuple):
    """A page as one person sees it; `act` brings it into its state, for which it needs a browser."""

    name: str
    path: str
    who: str = ANYONE
    status: int = 200
    act: Callable[[Any], None] | None = None


def _first_template(tab: Any) -> None:
    """Fill in whatever form the composer shows."""
    for field in tab.locator("#composer-form :is(input[type=text], textarea):visible").all():
        field.fill("The new tide tables cover forty more harbours and work without a connection.")
    tab.wait_for_timeout(1_000)  # the estimate is asked for once a person pauses


def _refused_composer(tab: Any) -> None:
    tab.locator("#composer-form").evaluate("form => { form.noValidate = true }")
    tab.click("#composer-form button[type=submit]")
    tab.wait_for_selector("#composer-form [aria-invalid=true]")


def _refused_form(tab: Any) -> None:
    tab.locator("main form").last.evaluate("form => { form.noValidate = true }")
    tab.locator("main form").last.locator("[type=submit]").last.click()
    tab.wait_for_selector("main [aria-invalid=true], main [role=alert]")


def _refused_retention(tab: Any) -> None:
    tab.check("input[name=action][value=delete]")
    _refused_form(tab)


def _open_all(tab: Any) -> None:
    tab.locator("main details").evaluate_all("all => all.forEach(details => { details.open = true })")


def _refused_file(tab: Any) -> None:
    broken = {"name": "list.csv", "mimeType": "text/csv", "buffer": b"text,format\nCaf\xe9,x\n"}
    tab.set_input_files("input[type=file]", files=[broken])
    tab.click("main form [type=submit]")
    tab.wait_for_selector("main [aria-invalid=true]")


def _wrong_password(tab: Any) -> None:
    tab.fill("input[name=login]", "nobody@example.com")
    tab.fill("input[name=password]", "not-the-password")
    tab.press("input[name=password]", "Enter")
    tab.wait_for_selector("main [role=alert], main .errorlist")


def _mailed_code(tab: Any) -> None:
    tab.fill("input[name=email]", f"{secrets.token_hex(6)}@example.com")
    tab.click("main form [type=submit]")
    tab.wait_for_selector("input[name=code]")


def _confirmed(tab: Any) -> None:
    """Prove once more who this is, unless it was proved a moment ago in the same session."""
    if "/reauthenticate/" in tab.url:
        tab.fill("input[name=password]", PASSWORD)
        tab.click("main form [type=submit]")
        tab.wait_for_selector("#main .subnav")


def _first_text(tab: Any) -> None:
    tab.wait_for_selector("#generation-output h1")


def _made_key(tab: Any) -> None:
    tab.fill("input[name=name]", "Our website")
    tab.locator("main form").last.locator("[type=submit]").click()
    tab.wait_for_selector("#new-key")


def _made_link(tab: Any) -> None:
    tab.locator("main form [type=submit]").first.click()
    tab.wait_for_selector("#share-address")


PUBLIC = [
    Page("landing", "/"),
    Page("pricing", "/pricing/"),
    Page("help", "/help/"),
    Page("contact", "/contact/"),
    Page("contact-errors", "/contact/", act=_refused_form),
    Page("terms", "/terms/"),
    Page("privacy", "/privacy/"),
    Page("contact-thanks", "/contact/thanks/"),
    Page("cookies", "/cookies/"),
    Page("imprint", "/imprint/"),
    Page("ai", "/ai/"),
]
ACCOUNTS = [
    Page("sign-up", "/accounts/signup/"),
    Page("sign-up-errors", "/accounts/signup/", act=_refused_form),
    Page("log-in", "/accounts/login/"),
    Page("log-in-errors", "/accounts/login/", act=_wrong_password),
    Page("log-in-code", "/accounts/login/code/"),
    Page("log-in-code-sent", "/accounts/login/code/", act=_mailed_code),
    Page("log-in-canceled", "/accounts/connections/canceled/"),
    Page("log-out", "/accounts/logout/", FULL),
    Page("password-reset", "/accounts/password/reset/"),
    Page("password-reset-sent", "/accounts/password/reset/done/"),
    Page("password-reset-bad-link", "/accounts/password/reset/key/1-gone/"),
    Page("check-your-mail", "/accounts/confirm-email/"),
    Page("confirm-bad-link", "/accounts/confirm-email/gone/"),
    Page("inactive", "/accounts/inactive/"),
    Page("waitlist-sent", "/waitlist/sent/"),
    Page("waitlist-bad-link", "/waitlist/confirmation/gone/", status=404),
    Page("waitlist-bad-invitation", "/waitlist/invitation/gone/", status=404),
    Page("suspended", "/accounts/suspended/"),
]
WORKSHOP = [
    Page("composer-first-run", "/generations/new/", FRESH),
    Page("composer", "/generations/new/", FULL),
    Page("composer-again", "/generations/new/?from={succeeded}", FULL),
    Page("composer-filled", "/generations/new/", FULL, act=_first_template),
    Page("composer-errors", "/generations/new/", FULL, act=_refused_composer),
    Page("composer-paywall", "/generations/new/", OWING),
    Page("generation-queued", "/generations/{queued}/", BUSY),
    Page("generation-waiting", "/generations/{waiting}/", BUSY),
    Page("generation-streaming", "/generations/{streaming}/", BUSY, act=_first_text),
    Page("generation-succeeded", "/generations/{succeeded}/", FULL),
    Page("generation-long-words", "/generations/{long_words}/", FULL),
    Page("generation-found", "/generations/{found}/", FULL),
    Page("generation-erased", "/generations/{erased}/", FULL),
    Page("generation-length", "/generations/{length}/", FULL),
    Page("generation-form", "/generations/{form}/", FULL, act=_open_all),
    Page("generation-workflow", "/generations/{workflow}/", FULL, act=_open_all),
    Page("composer-form", "/generations/new/?template=task-list", FULL),
    Page("generation-stopped", "/generations/{stopped}/", FULL),
    Page("generation-stopped-by-us", "/generations/{stopped_by_us}/", FULL),
    Page("generation-failed", "/generations/{failed}/", FULL),
]
LIBRARY = [
    Page("history", "/generations/", FULL),
    Page("history-filtered", "/generations/?status=failed&q=invoice", FULL),
    Page("history-nothing-found", "/generations/?q=nothinghasthiswordinit", FULL),
    Page("history-deleted", "/generations/?view=deleted", FULL),
    Page("generation-deleted", "/generations/{deleted}/", FULL, status=404),
    Page("history-archived", "/generations/?view=archived", FULL),
    Page("conversation", "/conversations/{talk}/", FULL),
    Page("conversation-opened", "/conversations/{talk}/", FULL, act=_open_all),
    Page("conversation-versions", "/conversations/{versions}/", FULL),
    Page("conversation-refused", "/conversations/{talk}/", FULL, act=_refused_form),
    Page("share", "/generations/{talk_last}/share-links/", FULL),
    Page("share-made", "/generations/{talk_last}/share-links/", FULL, act=_made_link),
    Page("generation-follow-up", "/generations/{talk_last}/", FULL),
    Page("shared-conversation", "/shared/sample-link/"),
    Page("shared-gone", "/shared/gone/", status=404),
    Page("history-empty", "/generations/", FRESH),
]
BATCHES = [
    Page("batches", "/generations/batches/", PAYING),
    Page("batches-empty", "/generations/batches/", FRESH),
    Page("batch-new", "/generations/batches/new/", PAYING),
    Page("batch-errors", "/generations/batches/new/", PAYING, act=_refused_file),
    Page("batch-ready", "/generations/batches/{batch_ready}/", PAYING),
    Page("batch-running", "/generations/batches/{batch_running}/", PAYING),
    Page("batch-paused", "/generations/batches/{batch_paused}/", PAYING, act=_open_all),
    Page("batch-done", "/generations/batches/{batch_done}/", PAYING),
]
MONEY = [
    Page("billing", "/billing/", FULL),
    Page("billing-fresh", "/billing/", FRESH),
    Page("billing-paying", "/billing/", PAYING),
    Page("billing-overdue", "/billing/", OWING),
    Page("receipt", "/billing/receipts/{receipt}/", PAYING),
    Page("purchase-done", "/billing/checkout-sessions/{purchase_done}/", PAYING),
    Page("purchase-waiting", "/billing/checkout-sessions/{purchase_waiting}/", PAYING),
    Page("purchase-expired", "/billing/checkout-sessions/{purchase_expired}/", PAYING),
    Page("purchase-failed", "/billing/checkout-sessions/{purchase_failed}/", PAYING),
    Page("pricing-paying", "/pricing/?interval=year", PAYING),
    Page("spending", "/billing/spending/", FULL),
    Page("usage", "/usage/", FULL),
    Page("usage-empty", "/usage/", FRESH),
    Page("usage-by-model", "/usage/?by=model&period=90-days", FULL),
    Page("usage-by-member", "/usage/?by=member&measure=tokens&since=2025-01-01&until=tomorrow", TEAMED),
    Page("usage-forecast", "/usage/forecast/", PAYING),
    Page("billing-of-a-day", "/billing/?day=2026-05-04", FULL),
    Page("quotas", "/generations/quotas/", FULL),
]
SETTINGS = [
    Page("settings", "/settings/", FULL),
    Page("settings-notifications", "/settings/notifications/", FULL),
    Page("settings-preferences", "/settings/preferences/", FULL),
    Page("settings-writing", "/settings/writing/", FULL),
    Page("settings-security", "/settings/security/", FULL),
    Page("settings-api-keys", "/settings/api-keys/", PAYING),
    Page("settings-api-keys-made", "/settings/api-keys/", PAYING, act=_made_key),
    Page("settings-retention", "/settings/retention/", FULL),
    Page("settings-retention-errors", "/settings/retention/", FULL, act=_refused_retention),
    Page("settings-api-keys-not-in-plan", "/settings/api-keys/", FULL),
    Page("settings-data", "/settings/data/", FULL),
    Page("account-deletion", "/settings/account/deletion/", FULL, act=_confirmed),
    Page("account-deletion-refused", "/settings/account/deletion/", TEAMED, act=_confirmed),
    Page("confirm-it-is-you", "/accounts/reauthenticate/", FULL),
    Page("email", "/accounts/email/", FULL, act=_confirmed),
    Page("authenticator-app", "/accounts/authenticator-app/", FULL, act=_confirmed),
    Page("passkey-new", "/accounts/passkeys/new/", FULL, act=_confirmed),
    Page("members", "/settings/members/", TEAMED),
    Page("members-changing", "/settings/members/", TEAMED, act=_open_all),
    Page("members-alone", "/settings/members/", FULL),
    Page("workspaces", "/settings/workspaces/", TEAMED),
    Page("workspaces-leaving", "/settings/workspaces/", TEAMED, act=_open_all),
    Page("activity", "/settings/activity/", TEAMED),
    Page("history-team", "/generations/", TEAMED),
    Page("invitation-gone", "/invitations/gone/", status=404),
    Page("password-change", "/accounts/password/change/", FULL),
]
ERRORS = [
    Page(f"error-{code}", f"/dev/errors/{code}/", status=code) for code in (400, 403, 404, 405, 413, 429, 500, 503)
]
ADMIN = [
    Page("admin", "/admin/", STAFF),
    Page("admin-generations", "/admin/generation/generation/", STAFF),
    Page("admin-template-versions", "/admin/generation/prompttemplateversion/", STAFF),
    Page("admin-generation", "/admin/generation/generation/{failed}/change/", STAFF),
    Page("admin-switches", "/admin/generation/switch/", STAFF),
    Page("admin-switch-new", "/admin/generation/switch/add/", STAFF),
    Page("admin-rollout-new", "/admin/generation/flag/add/", STAFF),
    Page("admin-alerts", "/admin/core/alert/", STAFF),
    Page("admin-budgets", "/admin/generation/budget/", STAFF),
    Page("admin-budget-new", "/admin/generation/budget/add/", STAFF),
    Page("admin-users", "/admin/accounts/user/", STAFF),
    Page("admin-audit", "/admin/core/auditentry/", STAFF),
    Page("admin-ledger", "/admin/billing/ledgerentry/", STAFF),
    Page("admin-payments", "/admin/billing/payment/", STAFF),
    Page("admin-events", "/admin/billing/webhookevent/", STAFF),
    Page("admin-reconciliations", "/admin/billing/reconciliation/", STAFF),
    Page("insights-costs", "/insights/", STAFF),
    Page("insights-workspaces", "/insights/workspaces/", STAFF),
    Page("insights-users", "/insights/users/?sort=-tokens", STAFF),
    Page("insights-nobody-found", "/insights/users/?q=nobody-has-this-address", STAFF),
]
LAPTOP = [
    Page("dev-mailbox", "/dev/mailbox/"),
    Page("dev-mails", "/dev/mails/"),
    Page("dev-components", "/dev/components/"),
]

PRODUCT = [*PUBLIC, *ACCOUNTS, *WORKSHOP, *LIBRARY, *BATCHES, *MONEY, *SETTINGS]
PAGES = [*PRODUCT, *ERRORS, *ADMIN, *LAPTOP]
# What the normal run looks at, one of each kind; the long run looks at every page.
IN_THE_NORMAL_RUN = {
    "landing",
    "pricing",
    "contact-errors",
    "sign-up",
    "log-in-errors",
    "composer-first-run",
    "composer-errors",
    "composer-paywall",
    "generation-streaming",
    "generation-succeeded",
    "generation-failed",
    "history",
    "conversation-versions",
    "batch-ready",
    "batch-paused",
    "billing-paying",
    "purchase-done",
    "usage",
    "settings",
    "members",
    "error-404",
    "admin",
    "dev-components",
}


def in_turn(pages: Iterable[Page]) -> list[Any]:
    """Return pages as parameters of a test: those of the normal run, and the others marked long."""
    return [
        pytest.param(page, id=page.name, marks=[] if page.name in IN_THE_NORMAL_RUN else [pytest.mark.long])
        for page in pages
    ]
