"""Lists: newest first, in pages, filtered."""

from collections.abc import Callable
from typing import Any

from dev.stripe_server import shapes
from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError, missing_object
from dev.stripe_server.shapes import Object

LIMIT = 10
LIMIT_MAX = 100
PAGING = frozenset({"limit", "starting_after", "ending_before", "expand"})
Matches = Callable[[Object, Any], bool]


def list_of(kind: str, **filters: Matches) -> Callable[[Call], Object]:
    """Return the function that answers the list call of a kind.

    A filter without a function of its own compares the object's field of that name.
    """

    def answer(call: Call) -> Object:
        return page(call, objects=call.world.all(kind), kind=kind, **filters)

    return answer


def page(call: Call, *, objects: list[Object], kind: str, **filters: Matches) -> Object:
    """Return one page of these objects, which come oldest first."""
    wanted = {name: value for name, value in call.params.items() if name not in PAGING}
    found = [each for each in reversed(objects) if _matches(each, wanted=wanted, filters=filters)]
    data, has_more = _cut(found, call=call, kind=kind)
    return shapes.listing(data, url=call.url, has_more=has_more)


def _matches(each: Object, *, wanted: dict[str, Any], filters: dict[str, Matches]) -> bool:
    for name, value in wanted.items():
        if name in filters:
            is_match = filters[name](each, value)
        elif isinstance(value, dict):
            is_match = _is_within(each.get(name), bounds=value)
        else:
            is_match = each.get(name) == value
        if not is_match:
            return False
    return True


def _is_within(value: Any, *, bounds: dict[str, int]) -> bool:
    checks = {"gt": value > bounds.get("gt", value - 1), "gte": value >= bounds.get("gte", value)}
    checks |= {"lt": value < bounds.get("lt", value + 1), "lte": value <= bounds.get("lte", value)}
    return all(checks[name] for name in bounds)


def _cut(found: list[Object], *, call: Call, kind: str) -> tuple[list[Object], bool]:
    limit = call.params.get("limit", LIMIT)
    if not 1 <= limit <= LIMIT_MAX:
        bound = "less than or equal to 100" if limit > LIMIT_MAX else "greater than or equal to 1"
        raise StripeError(f"This value must be {bound}.", code="parameter_invalid_integer", param="limit")
    ids = [each["id"] for each in found]
    if after := call.params.get("starting_after"):
        start = _position(after, ids=ids, call=call, kind=kind, param="starting_after") + 1
        return found[start : start + limit], len(found) > start + limit
    if before := call.params.get("ending_before"):
        end = _position(before, ids=ids, call=call, kind=kind, param="ending_before")
        return found[max(0, end - limit) : end], end > limit
    return found[:limit], len(found) > limit


def _position(object_id: str, *, ids: list[str], call: Call, kind: str, param: str) -> int:
    if object_id not in ids:
        raise missing_object(kind, object_id, param=param)
    return ids.index(object_id)
