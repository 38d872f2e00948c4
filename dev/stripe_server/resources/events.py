"""Events, as the list call filters them."""

from fnmatch import fnmatchcase

from dev.stripe_server.shapes import Object


def is_type(event: Object, value: str) -> bool:
    """Filter by one type; `invoice.*` stands for all of a kind."""
    return event["type"] == value or ("*" in value and fnmatchcase(event["type"], value))


def is_one_of(event: Object, value: list[str]) -> bool:
    """Filter by several types."""
    return any(is_type(event, each) for each in value)
