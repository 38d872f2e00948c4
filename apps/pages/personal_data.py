"""What people wrote to us."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q, QuerySet

from apps.accounts.models import User
from apps.accounts.services import addresses_of
from apps.core.db import system_scope
from apps.pages.models import ContactMessage


def export(user: AbstractBaseUser) -> dict[str, Any]:
    """Return every message that a user sent us, logged in or from the user's address."""
    fields = ("created_at", "reply_to", "topic", "message", "page", "request_id", "status")
    return {
        "messages": [
            row | {"created_at": row["created_at"].isoformat()} for row in _of(user).order_by("id").values(*fields)
        ]
    }


def erase(user: AbstractBaseUser) -> None:
    """Delete these messages: nothing else refers to them."""
    with system_scope():
        _of(user).delete()


def _of(user: AbstractBaseUser) -> QuerySet[ContactMessage]:
    assert isinstance(user, User)
    by_address = Q(*[Q(reply_to__iexact=address) for address in addresses_of(user)], _connector=Q.OR)
    return ContactMessage.objects.filter(Q(user=user) | by_address)
