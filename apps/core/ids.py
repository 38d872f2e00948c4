"""Identifiers for rows of volume."""

from uuid import UUID

import uuid_utils.compat


def uuid7() -> UUID:
    """Return a new UUIDv7: unique, and ordered by the time it was made, so that indexes grow at one end."""
    return uuid_utils.compat.uuid7()
