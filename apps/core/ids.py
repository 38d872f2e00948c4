"""Identifiers for rows of volume."""

from datetime import datetime, timedelta
from uuid import UUID

import uuid_utils.compat
from django.db.models import Q

# A row's id is made a moment before its time is written down, perhaps on another machine.
MARGIN = timedelta(minutes=10)


def uuid7() -> UUID:
    """Return a new UUIDv7: unique, and ordered by the time it was made, so that indexes grow at one end."""
    return uuid_utils.compat.uuid7()


def since(moment: datetime, *, field: str = "created_at") -> Q:
    """Return the condition "not before this moment" for a table with UUIDv7 ids: read from the end of its primary key.

    Only the lower end of the ids is used, so that a row whose time was set back is found under that time, too.
    """
    return Q(**{f"{field}__gte": moment, "pk__gte": uuid7_floor(moment - MARGIN)})


def uuid7_floor(moment: datetime) -> UUID:
    """Return the least UUIDv7 of a moment: ids made from then on are not below it."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62)
