"""Money in templates: `{{ invoice.total|money:invoice.currency }}`, the key of a form that buys, and the news."""

import secrets

from django import template
from django.template import Context
from django.utils import timezone

from apps.accounts.access import find_membership
from apps.billing.buyers import can_buy
from apps.billing.money import format_money
from apps.billing.news import News, list_news
from apps.core.db import workspace_scope

register = template.Library()


@register.filter
def money(amount: int, currency: str) -> str:
    """Return an amount of minor units as people read it."""
    return format_money(amount, currency)


@register.simple_tag
def purchase_key() -> str:
    """Return a key that nobody has used: a form that is sent twice buys once."""
    return secrets.token_urlsafe(16)


@register.simple_tag(takes_context=True)
def billing_news(context: Context) -> list[News]:
    """Return what those who pay must know; a view that knows it already has named it `billing_news`."""
    known: list[News] | None = context.get("billing_news")
    if known is not None:
        return known
    membership = find_membership(context.get("request"))
    if membership is None or not can_buy(membership.role):
        return []
    credits = context.get("credits")
    debt = credits.debt if credits else 0
    with workspace_scope(membership.workspace_id):
        return list_news(membership.workspace_id, debt=debt, at=timezone.now())
