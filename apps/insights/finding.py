"""Support's way in: everything that one search finds, each list with its own permission and its own search."""

from dataclasses import dataclass
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.utils.functional import Promise

from apps.accounts.models import User, Workspace
from apps.billing.models import (
    CheckoutSession,
    Customer,
    Hold,
    Invoice,
    LedgerEntry,
    Payment,
    Subscription,
    WebhookEvent,
)
from apps.core.admin_links import list_url
from apps.core.db import system_scope
from apps.core.models import AuditEntry, OutgoingMail
from apps.generation.models import Attempt, Generation

# What is searched, in the order in which it is shown. The admin's own search of each finds the rows.
BY_NAME = [User, Generation, Workspace, OutgoingMail]
# A person's ledger would only hide their runs: these rows are found by an id or a request id.
SOLD = [Customer, CheckoutSession, Subscription, Invoice, Payment]
BY_ID = [*BY_NAME, *SOLD, Attempt, LedgerEntry, Hold, AuditEntry, WebhookEvent]
ROWS_MAX = 8
GENERATIONS_MAX = 25

Registry = dict[type[Any], "ModelAdmin[Any]"]


@dataclass(frozen=True)
class Found:
    """The newest rows of one kind, the address of the list with all of them, and the URL name of a row's page."""

    model: type[Any]
    title: str | Promise
    rows: list[Any]
    url: str
    has_more: bool
    page: str
    time_field: str

    @property
    def name(self) -> str:
        """The model's name, which picks how its rows are shown."""
        return str(self.model._meta.model_name)


def find(request: HttpRequest, *, term: str, registry: Registry) -> list[Found]:
    """Return what the search finds among the rows that this member of staff may view, newest first."""
    if not term:
        return []
    models = BY_NAME if "@" in term else BY_ID
    with system_scope():
        searched = [_search(request, term=term, model_admin=registry[model]) for model in models if model in registry]
        found = [part for part in searched if part and part.rows]
    has_people = any(part.name == "user" for part in found)
    return [part for part in found if part.model in BY_NAME or not has_people]


def find_generation_id(found: list[Found], *, term: str) -> object | None:
    """Return the id of the one generation whose id was searched for, or None."""
    rows = [row for part in found if part.name == "generation" for row in part.rows]
    return rows[0].pk if len(rows) == 1 and str(rows[0].pk) in term.lower() else None


def _search(request: HttpRequest, *, term: str, model_admin: "ModelAdmin[Any]") -> Found | None:
    if not model_admin.has_view_permission(request):
        return None
    rows, _duplicates = model_admin.get_search_results(request, model_admin.get_queryset(request), term)
    if model_admin.list_select_related:
        rows = rows.select_related(*_names(model_admin.list_select_related))
    most = GENERATIONS_MAX if model_admin.model is Generation else ROWS_MAX
    newest = list(rows.order_by("-pk").distinct()[: most + 1])
    opts = model_admin.model._meta
    return Found(
        model=model_admin.model,
        title=opts.verbose_name_plural or "",
        rows=newest[:most],
        url=list_url(opts.label_lower, q=term),
        has_more=len(newest) > most,
        page=f"admin:{opts.app_label}_{opts.model_name}_change",
        time_field=getattr(model_admin, "time_field", ""),
    )


def _names(list_select_related: object) -> list[str]:
    return list(list_select_related) if isinstance(list_select_related, list | tuple) else []
