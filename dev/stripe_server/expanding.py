"""`expand`: ids become objects, and what is shown only on demand appears."""

import copy
from typing import Any

from dev.stripe_server import shapes
from dev.stripe_server.errors import StripeError
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

DEPTH_MAX = 4


def expand(answer: Object, *, paths: list[str], world: World) -> Object:
    """Return a copy of an answer with these paths expanded. Raises StripeError for one that leads nowhere."""
    expanded = copy.deepcopy(answer)
    for path in paths:
        names = path.split(".")
        if len(names) > DEPTH_MAX + (names[0] == "data"):
            raise StripeError(f"You cannot expand more than {DEPTH_MAX} levels of a property. Property: {path}")
        _walk(expanded, names=names, path=path, world=world)
    return expanded


def _walk(found: Any, *, names: list[str], path: str, world: World) -> None:
    if isinstance(found, list):
        for item in found:
            _walk(item, names=names, path=path, world=world)
        return
    if not names or found is None:
        return
    name, *rest = names
    if name not in found:
        shown = _show_on_demand(found, name=name, world=world)
        if shown is None:
            raise StripeError(f"This property cannot be expanded ({path}).", param="expand")
        found[name] = shown
    if isinstance(found[name], str):
        target = world.find_any(found[name])
        if target is None:
            raise StripeError(f"This property cannot be expanded ({path}).", param="expand")
        found[name] = copy.deepcopy(target)
    elif isinstance(found[name], list) and not rest:
        found[name] = [copy.deepcopy(world.find_any(each) if isinstance(each, str) else each) for each in found[name]]
    _walk(found[name], names=rest, path=path, world=world)


def _show_on_demand(found: Object, *, name: str, world: World) -> Object | None:
    match found.get("object"), name:
        case "checkout.session", "line_items":
            data = world.note(found["id"])["line_items"]
            url = f"/v1/checkout/sessions/{found['id']}/line_items"
        case "customer", "subscriptions":
            everything = reversed(world.all("subscription"))
            data = [each for each in everything if each["customer"] == found["id"] and each["status"] != "canceled"]
            url = f"/v1/customers/{found['id']}/subscriptions"
        case "invoice", "payments":
            data = [each for each in reversed(world.all("invoice_payment")) if each["invoice"] == found["id"]]
            url = "/v1/invoice_payments"
        case "charge", "refunds":
            data = [each for each in reversed(world.all("refund")) if each["charge"] == found["id"]]
            url = f"/v1/charges/{found['id']}/refunds"
        case "invoice", "confirmation_secret":
            return _confirmation_secret(found, world=world)
        case _:
            return None
    return shapes.listing(copy.deepcopy(data), url=url)


def _confirmation_secret(invoice: Object, *, world: World) -> Object | None:
    for payment in world.all("invoice_payment"):
        if payment["invoice"] == invoice["id"]:
            intent = world.get("payment_intent", payment["payment"]["payment_intent"])
            return {"client_secret": intent["client_secret"], "type": "payment_intent"}
    return None
