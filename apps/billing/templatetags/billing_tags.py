"""Money in templates: `{{ invoice.total|money:invoice.currency }}`, the key of a form that buys, and the news."""

import secrets

from django import template
from django.http import HttpRequest
from django.template import Context
from django.utils import timezone

from apps.accounts import selectors as accounts
from apps.accounts.models import Membership, User
from apps.billing.buyers import can_buy
from apps.billing.money import format_money
from apps.billing.news import News, list_news

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
    membership = _find_membership(context.get("request"))
    if membership is None or not can_buy(membership.role):
        return []
    credits = context.get("credits")
    return list_news(membership.workspace_id, debt=credits.debt if credits else 0, at=timezone.now())


def _find_membership(request: HttpRequest | None) -> Membership | None:
    membership: Membership | None = getattr(request, "membership", None)
    user = getattr(request, "user", None)
    if membership is not None or not isinstance(user, User):
        return membership
    return accounts.find_default_membership(user)
