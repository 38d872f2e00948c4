"""More fields than a form has: what is sent beside it changes nothing, in no row of any table."""

import json
import re
import uuid
from collections import Counter
from dataclasses import replace
from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.core.cache import cache
from django.db import models
from rest_framework.serializers import BaseSerializer

from tests.access.askers import ANONYMOUS, OWNER, SUPERUSER, Asker
from tests.access.asking import ask
from tests.access.rows import ROWS
from tests.access.rules import IN, Rule
from tests.access.staff_rows import ACTS, STAFF_ROWS
from tests.access.world import World
from tests.accounts.conftest import PASSWORD
from tests.guards import catalogue

NEW_PASSWORD = "another-horse-battery"
PAST, LATER = "2020-01-01 00:00:00", "2099-01-01 00:00:00"
SENT_YEARS = {"2020", "2099"}
# What nobody sets by a form that is not made for it: {other} is a person of another workspace, {theirs} their own.
EXTRA = {
    **dict.fromkeys(("is_staff", "is_superuser", "is_active", "is_paid", "verified", "primary"), "on"),
    **dict.fromkeys(("user", "user_id", "owner", "actor", "made_for", "invited_by", "member_id"), "{other}"),
    **dict.fromkeys(("workspace", "account", "account_id", "workspace_pk"), "{theirs}"),
    **dict.fromkeys(
        ("balance", "held", "debt", "amount", "charged_credits", "allowance_credits", "remaining"), "987654"
    ),
    **dict.fromkeys(("limit", "seat_limit", "output_tokens_max", "requests_per_minute_max", "price_amount"), "987654"),
    **dict.fromkeys(("created_at", "accepted_at", "deleted_at", "suspended_at", "started_at", "date_joined"), PAST),
    **dict.fromkeys(("expires_at", "ends_at", "current_period_end", "restorable_until"), LATER),
    **dict.fromkeys(("groups", "user_permissions", "permissions", "pk"), "1"),
    "id": "01890000-0000-7000-8000-00000000beef",
    "role": "owner",
    "credits": "987654",
    "plan": "business",
    "kind": "team",
    "status": "succeeded",
    "source": "staff",
    "scopes": "billing:read",
    "needs_plan": "",
    "fingerprint": "beef",
    "secret_hash": "beef",
    "prefix": "beef",
    "digest": "beef",
    "output": "beef",
    "request_model": "keel-echo",
    "password_hash": "beef",
    "last_login": PAST,
}
# What is sent where the row of the matrix itself sends too little to be accepted.
VALID: dict[str, dict[str, Any]] = {
    "contact/": {
        "reply_to": "a@example.com",
        "topic": "other",
        "message": "Hello over there.",
        "key": str(uuid.UUID(int=7)),
    },
    "accounts/signup/": {"email": "new@example.com", "password1": NEW_PASSWORD},
    "accounts/password/reset/": {"email": "{email}"},
    "accounts/login/code/": {"email": "{email}"},
    "accounts/email/": {"email": "next@example.com", "action_add": ""},
    "accounts/password/change/": {"oldpassword": PASSWORD, "password1": NEW_PASSWORD},
    "settings/api-keys/": {
        "name": "x",
        "scopes": "generations:read",
        "lifetime": "90",
        "requests_per_minute": "5",
        "idempotency_key": str(uuid.UUID(int=8)),
    },
    "settings/workspace/deletion/": {"name": "{workspace_name}"},
    "admin/pages/notice/add/": {"message": "x", "level": "info", "starts_at_0": "2026-01-01", "starts_at_1": "12:00"},
}
# Each ModelForm, with all that it can ever write.
MODEL_FORMS = {
    "BudgetForm": {"scope", "subject", "period", "amount"},
    "FlagForm": {"name", "everyone", "percent", "staff", "superusers", "groups", "users", "note"},
    "SwitchForm": {"name", "active", "stops_running", "reason", "note"},
    "ProfileForm": {"name"},
    "WorkspaceForm": {"name"},
    "TimeZoneForm": {"time_zone"},
    "NotificationsForm": {"wants_low_balance_mail", "wants_usage_summary_mail"},
    "UserCreationForm": {"email", "password1", "password2"},
}
# Serializers turn rows into JSON; the one door that takes JSON reads it with a form.
WRITING_SERIALIZERS: set[str] = set()
# Tokens, keys and digests; addresses, codes and numbers of new rows.
RANDOM_TEXT = re.compile(r"[\w+/=.-]{16,}|[0-9a-f]{12}|\d+(?:\.\d+){3}|(?<=:)\d+")
# What mails say: codes and links that are new each time, and from where somebody asked.
NOT_COMPARED = {"text", "html"}
COLUMNS = {
    model._meta.db_table: {
        column.column: column
        for column in model._meta.concrete_fields
        if not column.primary_key and column.name not in NOT_COMPARED
    }
    for model in [*catalogue.PRODUCT_MODELS, EmailAddress]
}
ALL_ROWS = " UNION ALL ".join(f"SELECT '{table}', to_jsonb(r) FROM {table} r" for table in COLUMNS)


def subclasses(kind: type) -> set[type]:
    return {each for child in kind.__subclasses__() for each in {child, *subclasses(child)}}


def test_each_model_form_writes_what_is_listed():
    ours = {form for form in subclasses(forms.ModelForm) if form.__module__.startswith("apps.")}

    assert {form.__name__: set(form.base_fields) for form in ours} == MODEL_FORMS


def test_no_serializer_of_ours_writes():
    ours = {one for one in subclasses(BaseSerializer) if one.__module__.startswith("apps.")}
    own_writers = {one.__name__ for one in ours if {"create", "update", "save"} & vars(one).keys()}

    assert own_writers == WRITING_SERIALIZERS


def test_more_fields_than_a_form_has_change_nothing(world):
    wrong, tried = [], 0
    for route, method, rule, asker in doors():
        sent = dict(VALID.get(route) or rule.data)
        plain = state_after(world, asker, route, method, rule, sent)
        stuffed = state_after(world, asker, route, method, rule, {**extra_for(world, sent), **sent})
        tried += plain[0] < 400
        if plain != stuffed:
            wrong.append(f"{method} /{route} by {asker}: {difference(plain, stuffed)}")

    assert not wrong, "\n".join(wrong)
    # Most of them really write something.
    assert tried > 40


def doors() -> list[tuple[str, str, Rule, Asker]]:
    """Return every method that writes, with somebody whom it lets in."""
    listed = ROWS | ACTS | {"admin/pages/notice/add/": STAFF_ROWS["admin/pages/notice/add/"]}
    return [
        (route, method, rule, asker)
        for route, ways in listed.items()
        for method, rule in ways.items()
        for asker in (SUPERUSER if route.startswith("admin/") else ANONYMOUS if is_for_anybody(rule) else OWNER,)
        if method != "GET" and rule.outcome(asker) == IN
    ]


def is_for_anybody(rule: Rule) -> bool:
    return rule.outcome(ANONYMOUS) == IN


def extra_for(world: World, sent: dict[str, Any]) -> dict[str, Any]:
    other = world.people["owner of another workspace"]
    ids = {"other": str(other.pk), "theirs": str(other.workspaces.get().pk)}
    return {name: value.format_map(ids) for name, value in EXTRA.items() if name not in sent}


def state_after(
    world: World, asker: Asker, route: str, method: str, rule: Rule, sent: dict[str, Any]
) -> tuple[int, Counter[str]]:
    """Return the status of an answer, and every row as it then was, without what is random."""
    known = {"email": world.people["owner"].email, "workspace_name": world.team.name}
    filled = {
        name: value.format_map(known | world.ids["team"]) if isinstance(value, str) else value
        for name, value in sent.items()
    }
    found: Counter[str] = Counter()
    # Limits are not taken back.
    cache.clear()
    answer = ask(world, asker, route, method, replace(rule, data=filled), afterwards=lambda: found.update(rows(world)))
    return answer.status, found


def rows(world: World) -> Counter[str]:
    """Return all rows of the product; ids that are new, moments and random texts are only noted to be there."""
    old = set(world.ids["team"].values()) | {str(user.pk) for user in world.people.values()}
    found: Counter[str] = Counter()
    for table, row in catalogue.rows(ALL_ROWS):
        known = json.loads(row)
        told = {name: plain(known[name], column, old) for name, column in COLUMNS[table].items()}
        found[f"{table} {json.dumps(told)}"] += 1
    return found


def plain(value: Any, column: models.Field, old: set[str]) -> str:
    if isinstance(column, models.DateTimeField):
        return str(value) if value and value[:4] in SENT_YEARS else "a moment" if value else ""
    if isinstance(column, models.UUIDField) or column.is_relation:
        return str(value) if str(value) in old or value is None else "new"
    return RANDOM_TEXT.sub("#", str(value))


def difference(plain: tuple[int, Counter[str]], stuffed: tuple[int, Counter[str]]) -> str:
    return f"{plain[0]} {stuffed[0]} {dict(plain[1] - stuffed[1])} {dict(stuffed[1] - plain[1])}"
