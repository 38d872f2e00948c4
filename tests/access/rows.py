"""The matrix of the product: one row per address, one rule per method. Staff's addresses are in staff_rows.py.

A new address is one line here. Names in braces are ids of the first team (world.py).
"""

from apps.accounts.permissions import Permission
from apps.accounts.scopes import BILLING_READ, GENERATIONS_READ, GENERATIONS_WRITE
from tests.access.askers import STAFF
from tests.access.rules import Rule, key, logged_in, may, of_nobody, of_owner, of_team, public

P = Permission
PAGE, FORM = {200, 302}, {200, 302, 409, 422}
ABOUT = "a page for everybody"
THE_WAY_IN = "the way in"
SUMMARY = {"template": "summary", "text": "word " * 25, "format": "Bullet points", "idempotency_key": "matrix"}
MESSAGE = {"parent": "{generation_id}", "text": "Shorter, please.", "idempotency_key": "matrix"}
INPUTS = {"text": SUMMARY["text"], "format": SUMMARY["format"]}
# Lists that go on at somebody else's row, or offer to take somebody else's deletion back.
FOREIGN_CURSORS = "before={generation_id}&undo={generation_id},{running_id}"

NOT_STAFF = dict.fromkeys([asker.name for asker in STAFF], "403")

ROWS: dict[str, dict[str, Rule]] = {
    "": {"GET": public(ABOUT)},
    "pricing/": {"GET": public(ABOUT)},
    "help/": {"GET": public(ABOUT)},
    "contact/": {"GET": public(ABOUT), "POST": public("anybody may write to us", ok=FORM)},
    "contact/thanks/": {"GET": public(ABOUT)},
    "terms/": {"GET": public(ABOUT)},
    "privacy/": {"GET": public(ABOUT)},
    "cookies/": {"GET": public(ABOUT)},
    "imprint/": {"GET": public(ABOUT)},
    "ai/": {"GET": public(ABOUT)},
    "status/": {"GET": public(ABOUT, ok={200, 503})},
    "robots.txt": {"GET": public("asked by crawlers")},
    "sitemap.xml": {"GET": public("asked by crawlers")},
    "favicon.ico": {"GET": public("asked by browsers")},
    "healthz": {"GET": public("asked by the platform")},
    "readyz": {"GET": public("asked by the platform", ok={200, 503})},
    "notices/dismissals/": {"POST": public("puts a notice away in one browser")},
    "settings/theme/": {"POST": public("the look of the pages: a cookie of the browser's own")},
    "webhooks/stripe/": {"POST": public("signed by Stripe; nothing is signed here", ok={400, 404})},
    # --- logging in and out ---
    "accounts/signup/": {"GET": public(THE_WAY_IN), "POST": public(THE_WAY_IN, ok=FORM)},
    "accounts/login/": {"GET": public(THE_WAY_IN), "POST": public(THE_WAY_IN, ok=FORM)},
    "accounts/login/code/": {"GET": public(THE_WAY_IN), "POST": public(THE_WAY_IN, ok=FORM)},
    "accounts/login/code/confirm/": {"GET": public(THE_WAY_IN), "POST": public(THE_WAY_IN, ok=FORM)},
    "accounts/passkeys/login/": {"GET": public(THE_WAY_IN), "POST": public(THE_WAY_IN, ok=FORM)},
    "accounts/two-factor/authentication/": {"GET": public(THE_WAY_IN), "POST": public(THE_WAY_IN, ok=FORM)},
    "accounts/logout/": {"GET": public("asks first"), "POST": public("ends a session, if there is one")},
    "accounts/inactive/": {"GET": public("says that the account is closed")},
    "accounts/suspended/": {"GET": public("says that the account is suspended")},
    "accounts/password/reset/": {"GET": public(THE_WAY_IN), "POST": public(THE_WAY_IN, ok=FORM)},
    "accounts/password/reset/done/": {"GET": public("says that a mail is on its way")},
    "accounts/password/reset/key/<uidb36>-<key>/": {
        "GET": public("says that a link is not valid"),
        "POST": public("says that a link is not valid"),
    },
    "accounts/password/reset/key/done/": {"GET": public("says that it is done")},
    "accounts/confirm-email/": {"GET": public("says that a mail is on its way")},
    "accounts/confirm-email/mails/": {"POST": public("sends it again, to nobody where nobody waits")},
    "accounts/confirm-email/<key>/": {
        "GET": public("says that a link is not valid"),
        "POST": public("says that a link is not valid", ok={404}),
    },
    "accounts/connections/canceled/": {"GET": public("says that nothing was done")},
    "accounts/connections/error/": {"GET": public("says that it did not work", ok={401})},
    "accounts/connections/signup/": {"GET": public(THE_WAY_IN), "POST": public(THE_WAY_IN, ok=FORM)},
    "accounts/google/login/": {
        "GET": public("not configured", ok={404}),
        "POST": public("not configured", ok={404}),
    },
    "accounts/google/login/callback/": {"GET": public("not configured", ok={404})},
    "accounts/github/login/": {
        "GET": public("not configured", ok={404}),
        "POST": public("not configured", ok={404}),
    },
    "accounts/github/login/callback/": {"GET": public("not configured", ok={404})},
    "waitlist/": {"GET": public(THE_WAY_IN), "POST": public(THE_WAY_IN, ok=FORM)},
    "waitlist/sent/": {"GET": public("says that a mail is on its way")},
    "waitlist/confirmation/<str:secret>/": {
        "GET": public("this link leads nowhere", ok={404}),
        "POST": public("this link leads nowhere", ok={404}),
    },
    "waitlist/leaving/<str:secret>/": {
        "GET": public("this link leads nowhere", ok={200, 404}),
        "POST": public("this link leads nowhere", ok={200, 404}),
    },
    "waitlist/invitation/<str:secret>/": {"GET": public("this link leads nowhere", ok={404})},
    # --- one's own ways to log in ---
    "accounts/reauthenticate/": {"GET": logged_in(ok=PAGE), "POST": logged_in(ok=FORM)},
    "accounts/email/": {"GET": logged_in(), "POST": logged_in(ok=FORM)},
    "accounts/password/change/": {"GET": logged_in(ok=PAGE), "POST": logged_in(ok=FORM)},
    "accounts/password/set/": {"GET": logged_in(ok=PAGE), "POST": logged_in(ok=FORM)},
    "accounts/connections/": {"GET": logged_in(), "POST": logged_in(ok=FORM)},
    "accounts/two-factor/": {"GET": logged_in(ok={302})},
    "accounts/two-factor/reauthentication/": {"GET": logged_in(ok=PAGE), "POST": logged_in(ok=FORM)},
    "accounts/authenticator-app/": {"GET": logged_in(ok=PAGE), "POST": logged_in(ok=FORM)},
    "accounts/authenticator-app/removal/": {"GET": of_nobody(), "POST": of_nobody()},
    "accounts/recovery-codes/": {"GET": of_owner(ok=PAGE)},
    "accounts/recovery-codes/new/": {"GET": logged_in(ok=PAGE), "POST": logged_in(ok=FORM)},
    "accounts/passkeys/": {"GET": logged_in(ok={302})},
    "accounts/passkeys/new/": {"GET": logged_in(), "POST": logged_in(ok=FORM)},
    "accounts/passkeys/<int:pk>/name/": {"GET": of_owner(), "POST": of_owner(data={"name": "x"})},
    "accounts/passkeys/<int:pk>/removal/": {"GET": of_owner(), "POST": of_owner()},
    "accounts/passkeys/reauthentication/": {"GET": logged_in(ok=PAGE), "POST": logged_in(ok=FORM)},
    "impersonation/ending/": {"POST": public("leads to the login whoever acts as nobody")},
    # --- generations ---
    "generations/": {
        "GET": may(P.SEE_GENERATIONS, query=FOREIGN_CURSORS),
        "POST": may(P.GENERATE, data=SUMMARY, ok={302, 402}),
    },
    "generations/new/": {
        "GET": may(
            P.GENERATE, query="template=summary", but={"billing": "302"}, why="who only pays is sent to the bill"
        )
    },
    "generations/estimate/": {"GET": may(P.GENERATE, query="template=summary&text=40")},
    "generations/quotas/": {"GET": logged_in()},
    "generations/<uuid:generation_id>/": {"GET": of_team(P.SEE_GENERATIONS)},
    "generations/<uuid:generation_id>/markdown/": {"GET": of_team(P.SEE_GENERATIONS)},
    "generations/<uuid:generation_id>/html/": {"GET": of_team(P.SEE_GENERATIONS)},
    "generations/<uuid:generation_id>/position/": {"GET": of_team(P.SEE_GENERATIONS, ok={200, 286})},
    "generations/<uuid:generation_id>/variants/": {"POST": of_team(P.GENERATE, ok={302, 402})},
    "generations/<uuid:generation_id>/feedback/": {"POST": of_team(P.SEE_GENERATIONS, data={"verdict": "up"})},
    "generations/<uuid:generation_id>/share-links/": {
        "GET": of_team(P.SEE_GENERATIONS),
        "POST": of_team(P.SEE_GENERATIONS),
    },
    "generations/share-links/<uuid:link_id>/revocation/": {"POST": of_team(P.SEE_GENERATIONS)},
    "conversations/<uuid:conversation_id>/": {
        "GET": of_team(P.SEE_GENERATIONS),
        "POST": of_team(P.GENERATE, data=MESSAGE, ok={302, 402}),
    },
    "conversations/<uuid:conversation_id>/label/": {
        "POST": of_team(P.SEE_GENERATIONS, data={"title": "Tides", "tags": "spring"})
    },
    "conversations/<uuid:conversation_id>/pin/": {"POST": of_team(P.SEE_GENERATIONS, data={"on": "1"})},
    "conversations/<uuid:conversation_id>/archive/": {"POST": of_team(P.SEE_GENERATIONS, data={"on": "1"})},
    "conversations/<uuid:conversation_id>/deletion/": {"POST": of_team(P.SEE_GENERATIONS)},
    "conversations/<uuid:conversation_id>/markdown/": {"GET": of_team(P.SEE_GENERATIONS)},
    "conversations/<uuid:conversation_id>/html/": {"GET": of_team(P.SEE_GENERATIONS)},
    "shared/<str:secret>/": {"GET": public("this link leads nowhere", ok={404})},
    "settings/writing/": {"GET": logged_in(), "POST": logged_in(data={"tone": "formal", "language": "de"})},
    "generations/<uuid:generation_id>/cancellation/": {"POST": of_team(P.SEE_GENERATIONS)},
    "generations/<uuid:generation_id>/deletion/": {"POST": of_team(P.SEE_GENERATIONS)},
    "generations/<uuid:generation_id>/restoration/": {"POST": of_team(P.SEE_GENERATIONS)},
    "generations/deletions/": {"POST": of_team(P.SEE_GENERATIONS, data={"generation": "{generation_id}"})},
    "generations/restorations/": {"POST": of_team(P.SEE_GENERATIONS, query="generation={generation_id}")},
    "generations/batches/": {
        "GET": may(P.SEE_GENERATIONS, query="before={newest}"),
        "POST": may(P.GENERATE, data={"template": "summary"}, ok={422}),
    },
    "generations/batches/new/": {"GET": may(P.GENERATE, query="template=summary")},
    "generations/batches/sample/": {"GET": may(P.GENERATE, query="template=summary")},
    "generations/batches/<uuid:batch_id>/": {"GET": of_team(P.SEE_GENERATIONS, query="show=invalid&after=0")},
    "generations/batches/<uuid:batch_id>/download/": {"GET": of_team(P.SEE_GENERATIONS)},
    "generations/batches/<uuid:batch_id>/start/": {"POST": of_team(P.GENERATE)},
    "generations/batches/<uuid:batch_id>/pause/": {"POST": of_team(P.GENERATE)},
    "generations/batches/<uuid:batch_id>/resumption/": {"POST": of_team(P.GENERATE)},
    "generations/batches/<uuid:batch_id>/retries/": {"POST": of_team(P.GENERATE)},
    "generations/batches/<uuid:batch_id>/cancellation/": {"POST": of_team(P.GENERATE)},
    "generations/batches/<uuid:batch_id>/deletion/": {"POST": of_team(P.GENERATE)},
    # --- money and use ---
    "billing/": {"GET": logged_in(query="before={before}")},
    "billing/checkout-sessions/": {"POST": may(P.BUY, data={"offer": "none", "key": "k"}, ok={404, 422, 503})},
    "billing/checkout-sessions/<uuid:session_id>/": {"GET": of_team(None)},
    "billing/receipts/<uuid:payment_id>/": {"GET": of_team(P.SEE_MONEY)},
    "billing/spending/": {"GET": may(P.SET_SPENDING_RULES), "POST": may(P.SET_SPENDING_RULES)},
    "billing/portal-sessions/": {"POST": may(P.BUY, ok={404, 409, 503})},
    "usage/": {"GET": logged_in()},
    "usage/export/": {"GET": logged_in()},
    "usage/records/": {"GET": logged_in()},
    "usage/forecast/": {"GET": may(P.SEE_MONEY)},
    # --- settings ---
    "settings/": {"GET": logged_in(), "POST": logged_in(data={"name": "Ada"})},
    "settings/preferences/": {"GET": logged_in(), "POST": logged_in(data={"time_zone": "UTC"})},
    "settings/notifications/": {"GET": logged_in(), "POST": logged_in()},
    "settings/security/": {"GET": logged_in()},
    "settings/sessions/<int:session_id>/ending/": {"POST": of_owner()},
    "settings/other-sessions/ending/": {"POST": logged_in()},
    "settings/activity/": {"GET": may(P.SEE_ACTIVITY)},
    "settings/api-keys/": {
        "GET": logged_in(),
        "POST": may(P.MANAGE_API_KEYS, data={"name": "x"}, ok={403, 422}),
    },
    "settings/api-keys/<uuid:key_id>/revocation/": {"POST": of_team(P.MANAGE_API_KEYS)},
    "settings/retention/": {
        "GET": logged_in(),
        "POST": may(P.SET_RETENTION, data={"action": "hash", "days": "30"}, ok={422}),
    },
    "settings/data/": {"GET": logged_in()},
    "settings/data/exports/": {"POST": logged_in(ok=FORM)},
    "settings/data/exports/<str:slug>/": {"GET": of_owner()},
    "settings/data/provider-consent/": {"POST": logged_in()},
    "settings/account/deletion/": {
        "GET": logged_in(ok=PAGE),
        "POST": logged_in(data={"address": "x"}, ok=FORM, but=NOT_STAFF, why="staff are not deleted by this door"),
    },
    "accounts/ending/": {"GET": logged_in(ok={302})},
    "accounts/ending/keeping/": {"POST": logged_in()},
    # --- workspaces and their people ---
    "settings/workspace/": {"POST": may(P.RENAME, data={"name": "x"})},
    "settings/workspace/team/": {"POST": may(P.TRANSFER)},
    "settings/workspace/departure/": {"POST": logged_in(ok={302, 409})},
    "settings/workspace/ownership/": {"POST": of_team(P.TRANSFER, data={"member": "{membership_id}"})},
    "settings/workspace/deletion/": {"POST": may(P.DELETE, data={"name": "not its name"})},
    "settings/workspaces/": {"GET": logged_in(), "POST": logged_in(data={"name": "x"})},
    "settings/workspaces/<uuid:workspace_id>/choice/": {"POST": of_team(None)},
    "settings/workspaces/<uuid:deleted_id>/restoration/": {
        "POST": of_owner(but={"owner of a deleted team": "302"}, why="it is theirs, and may come back")
    },
    "settings/workspaces/invitations/<uuid:invitation_id>/acceptance/": {"POST": of_nobody()},
    "settings/members/": {"GET": logged_in()},
    "settings/members/<int:membership_id>/role/": {"POST": of_team(P.CHANGE_ROLES, data={"role": "admin"})},
    "settings/members/<int:membership_id>/allowance/": {"POST": of_team(P.SET_ALLOWANCES, data={"credits": "5"})},
    "settings/members/<int:membership_id>/removal/": {"POST": of_team(P.MANAGE_MEMBERS)},
    "settings/invitations/": {"POST": may(P.MANAGE_MEMBERS, data={"email": "new@example.com", "role": "member"})},
    "settings/invitations/<uuid:invitation_id>/resending/": {"POST": of_team(P.MANAGE_MEMBERS)},
    "settings/invitations/<uuid:invitation_id>/revocation/": {"POST": of_team(P.MANAGE_MEMBERS)},
    "invitations/": {"GET": public("nobody has followed a link here", ok={404})},
    "invitations/<str:secret>/": {"GET": public("this link leads nowhere", ok={404})},
    "invitations/acceptance/": {"POST": of_nobody()},
    # --- the API ---
    "api/v1/generations/": {
        "GET": key(GENERATIONS_READ, P.SEE_GENERATIONS, query="before={newest}"),
        "POST": key(GENERATIONS_WRITE, P.GENERATE, data={"template": "summary", "inputs": INPUTS}, ok={201, 402}),
    },
    "api/v1/generations/<uuid:generation_id>/": {"GET": key(GENERATIONS_READ, P.SEE_GENERATIONS, is_of_team=True)},
    "api/v1/generations/<uuid:generation_id>/cancellation/": {
        "POST": key(GENERATIONS_WRITE, P.SEE_GENERATIONS, is_of_team=True)
    },
    "api/v1/balance/": {"GET": key(BILLING_READ, None)},
}
