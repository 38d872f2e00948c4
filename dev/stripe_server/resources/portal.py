"""The customer portal: its configurations, and the sessions that open it."""

from typing import Any

import stripe

from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError
from dev.stripe_server.resources import customers
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World, new_id

KIND = "billing_portal.configuration"
SESSION_KIND = "billing_portal.session"
OFF: dict[str, Any] = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "options": []},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
    "subscription_update": {
        "default_allowed_updates": [],
        "enabled": False,
        "products": [],
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}
DEFAULT = {name: {"enabled": True} for name in ("invoice_history", "payment_method_update", "subscription_cancel")}


def create_configuration(call: Call) -> Object:
    """Say what customers may do in the portal."""
    found = _add(call.world, features=call.params["features"], sent=call, is_default=not call.world.all(KIND))
    call.world.emit("billing_portal.configuration.created", found)
    return found


def update_configuration(call: Call) -> Object:
    """Change what customers may do."""
    found = call.world.get(KIND, call.id)
    changes = call.chosen("active", "default_return_url", "name") | {"metadata": call.metadata(found)}
    if "features" in call.params:
        changes["features"] = _merge(found["features"], sent=_complete(call.world, sent=call.params["features"]))
    if "business_profile" in call.params:
        changes["business_profile"] = {**found["business_profile"], **call.params["business_profile"]}
    event = "billing_portal.configuration.updated"
    call.world.update(found, event=event, **changes, updated=call.world.now())
    return found


def create_session(call: Call) -> Object:
    """Open the portal for a customer, at one of its flows if one is asked for."""
    customer = customers.get(call.world, call.get("customer", ""), param="customer")
    configuration = _configuration_of(call)
    flow = _flow_of(call, customer=customer)
    made = new_id("bps_")
    session = call.world.add(
        stripe.billing_portal.Session,
        id=made,
        configuration=configuration["id"],
        customer=customer["id"],
        flow=flow,
        locale=call.get("locale"),
        return_url=call.get("return_url") or configuration["default_return_url"],
        url=f"{call.world.base_url}/p/session/{made}",
    )
    call.world.emit("billing_portal.session.created", session)
    return session


def _configuration_of(call: Call) -> Object:
    if wanted := call.get("configuration"):
        return call.world.get(KIND, wanted, param="configuration")
    for each in call.world.all(KIND):
        if each["is_default"]:
            return each
    # A new account has none until somebody saves the portal's settings; the stand-in is kinder.
    return _add(call.world, features=DEFAULT, sent=Call(world=call.world), is_default=True)


def _flow_of(call: Call, *, customer: Object) -> Object | None:
    sent = call.get("flow_data")
    if sent is None:
        return None
    details = sent.get(sent["type"])
    if details and (subscription_id := details.get("subscription")):
        subscription = call.world.get("subscription", subscription_id, param=f"flow_data[{sent['type']}][subscription]")
        if subscription["customer"] != customer["id"]:
            raise StripeError("This subscription belongs to another customer.", param="flow_data")
    after = {
        "hosted_confirmation": None,
        "redirect": None,
        "type": "portal_homepage",
        **sent.get("after_completion", {}),
    }
    flow: Object = {"after_completion": after, "type": sent["type"]}
    for name in ("subscription_cancel", "subscription_update", "subscription_update_confirm"):
        flow[name] = None if name != sent["type"] else {**FLOW_DEFAULTS[name], **(details or {})}
    return flow


FLOW_DEFAULTS: dict[str, Object] = {
    "subscription_cancel": {"retention": None},
    "subscription_update": {},
    "subscription_update_confirm": {"discounts": None},
}


def _add(world: World, *, features: dict[str, Any], sent: Call, is_default: bool) -> Object:
    profile = {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None}
    return world.add(
        stripe.billing_portal.Configuration,
        prefix="bpc_",
        active=True,
        business_profile=profile | (sent.get("business_profile") or {}),
        features=_merge(OFF, sent=_complete(world, sent=features)),
        is_default=is_default,
        login_page={"enabled": False, "url": None},
        metadata=sent.metadata(),
        updated=world.now(),
        **sent.chosen("default_return_url", "name"),
    )


def _complete(world: World, *, sent: dict[str, Any]) -> dict[str, Any]:
    """Return the features with what Stripe adds to each product that may be chosen."""
    update = sent.get("subscription_update")
    if not update or not update.get("products"):
        return sent
    quantity = {"enabled": False, "maximum": None, "minimum": 1}
    for each in update["products"]:
        world.get("product", each["product"], param="features[subscription_update][products][0][product]")
        for price in each["prices"]:
            world.get("price", price, param="features[subscription_update][products][0][prices][0]")
    chosen = [{"adjustable_quantity": quantity, **each} for each in update["products"]]
    return {**sent, "subscription_update": {**update, "products": chosen}}


def _merge(before: dict[str, Any], *, sent: dict[str, Any]) -> dict[str, Any]:
    merged = dict(before)
    for name, value in sent.items():
        known = merged.get(name)
        merged[name] = _merge(known, sent=value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged
