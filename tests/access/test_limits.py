"""Whatever changes something is bound by a limit, or is listed here with the reason why it needs none."""

import pytest
from django.conf import settings as configured

from apps.core.rate_limits import STARTS, limit_groups
from tests.access.askers import ANONYMOUS, OWNER
from tests.access.asking import ask
from tests.access.routes import views
from tests.access.rows import ROWS
from tests.access.staff_rows import STAFF_ROWS

OF_KEY = "counted as requests of its key, a start as a start too"
SECRET = "the secret in the address is too long to guess, and works once"
# Doors for which no limit counts, and why they need none.
UNLIMITED = {
    "webhooks/stripe/": "each delivery is signed, and stored once",
    "notices/dismissals/": "writes a cookie of the browser's own",
    "settings/theme/": "writes a cookie of the browser's own",
    "accounts/logout/": "ends a session, of which there is one",
    "impersonation/ending/": "ends what staff have begun",
    "accounts/ending/keeping/": "takes one wish back, for a person who can do nothing else",
    "accounts/confirm-email/<key>/": SECRET,
    "accounts/password/reset/key/<uidb36>-<key>/": SECRET,
    "waitlist/confirmation/<str:secret>/": SECRET,
    "waitlist/leaving/<str:secret>/": SECRET,
    "api/v1/generations/": OF_KEY,
    "api/v1/generations/<uuid:generation_id>/cancellation/": OF_KEY,
}
# Behind the admin's own login, which is limited; by role, and each act is written down.
OF_STAFF = "admin/"


@pytest.fixture(scope="module")
def groups() -> dict[str, tuple[str, ...]]:
    """The limits of each address that takes a POST; of two that are written the same, the first answers."""
    written = {route for route, ways in (ROWS | STAFF_ROWS).items() if "POST" in ways}
    found: dict[str, tuple[str, ...]] = {}
    for route, view in views():
        if route in written:
            found.setdefault(route, limit_groups(view))
    return found


def test_every_door_that_changes_something_has_a_limit_or_a_reason(groups):
    unlimited = {route for route, known in groups.items() if not known and not route.startswith(OF_STAFF)}

    assert unlimited == UNLIMITED.keys()


def test_every_limit_is_one_of_the_table(groups):
    named = {name for known in groups.values() for name in known}

    assert named - {STARTS} <= configured.RATE_LIMITS.keys()
    of_admin = [limit_groups(view) for route, view in views() if route == "admin/login/"]
    assert of_admin[0] == ("admin_login",)


def test_what_costs_has_a_limit_of_its_own(groups):
    own = {
        "billing/checkout-sessions/": "checkout",
        "billing/portal-sessions/": "checkout",
        "settings/invitations/": "invitations",
        "settings/invitations/<uuid:invitation_id>/resending/": "invitations",
        "settings/data/exports/": "exports",
        "settings/api-keys/": "api_keys",
        "settings/workspaces/": "teams",
        "generations/batches/": "uploads",
        "generations/<uuid:generation_id>/share-links/": "share_links",
        "contact/": "contact",
        "generations/": STARTS,
        "generations/<uuid:generation_id>/variants/": STARTS,
        "conversations/<uuid:conversation_id>/": STARTS,
    }

    assert {route for route, name in own.items() if name not in groups[route]} == set()


def test_every_limited_door_refuses_who_is_over(world, groups, settings):
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "0/m")
    limited = {route: known for route, known in groups.items() if known and STARTS not in known}

    let_in = [
        f"POST /{route}: {answer.status}"
        for route, known in limited.items()
        for rule in [(ROWS | STAFF_ROWS)[route]["POST"]]
        for asker in [OWNER if "writes" in known else ANONYMOUS]
        if (answer := ask(world, asker, route, "POST", rule)).status != 429 or "RateLimit-Policy" not in answer.body
    ]

    assert not let_in, "\n".join(let_in)
