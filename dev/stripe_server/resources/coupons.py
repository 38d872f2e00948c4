"""Coupons, the promotion codes that people type, and the discounts that come of them."""

from typing import Any

import stripe

from dev.stripe_server.calendar import period_end
from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError, missing_param, only_one_of
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World, new_id

CODE_LENGTH = 8


def create(call: Call) -> Object:
    """Make a coupon of a percentage or an amount."""
    if ("percent_off" in call.params) == ("amount_off" in call.params):
        raise only_one_of("percent_off", "amount_off")
    if "amount_off" in call.params and "currency" not in call.params:
        raise missing_param("currency")
    if call.get("duration") == "repeating" and not call.get("duration_in_months"):
        raise missing_param("duration_in_months")
    given = call.get("id") or new_id("")[:CODE_LENGTH]
    if call.world.find("coupon", given):
        raise StripeError("Coupon already exists.", code="resource_already_exists", param="id")
    fields = call.chosen("amount_off", "currency", "duration_in_months", "max_redemptions", "name", "percent_off")
    fields |= {"redeem_by": call.get("redeem_by"), "duration": call.get("duration", "once")}
    coupon = call.world.add(stripe.Coupon, id=given, metadata=call.metadata(), times_redeemed=0, valid=True, **fields)
    call.world.emit("coupon.created", coupon)
    return coupon


def create_promotion_code(call: Call) -> Object:
    """Make a code for a coupon."""
    promotion = call.params["promotion"]
    coupon = call.world.get("coupon", promotion.get("coupon", ""), param="promotion[coupon]")
    code = call.get("code") or new_id("")[:CODE_LENGTH].upper()
    if find_code(call.world, code=code):
        raise StripeError(f"An active promotion code with `code: {code}` already exists.", param="code")
    restrictions = {"first_time_transaction": False, **call.get("restrictions", {})}
    made = call.world.add(
        stripe.PromotionCode,
        prefix="promo_",
        active=call.get("active", True),
        code=code,
        metadata=call.metadata(),
        promotion={"type": "coupon", "coupon": coupon["id"]},
        restrictions=restrictions,
        times_redeemed=0,
        **call.chosen("customer", "expires_at", "max_redemptions"),
    )
    call.world.emit("promotion_code.created", made)
    return made


def update_promotion_code(call: Call) -> Object:
    """Switch a code on or off."""
    code = call.world.get("promotion_code", call.id)
    changes = call.chosen("active") | {"metadata": call.metadata(code)}
    call.world.update(code, event="promotion_code.updated", **changes)
    return code


def find_code(world: World, *, code: str, currency: str | None = None) -> Object | None:
    """Return the active promotion code that a person typed, in whatever case."""
    for each in world.all("promotion_code"):
        if each["code"].upper() == code.strip().upper() and _is_redeemable(world, code=each, currency=currency):
            return each
    return None


def resolve(world: World, *, sent: dict[str, Any], param: str) -> tuple[str, str | None]:
    """Return coupon and promotion code of one entry of `discounts`. Raises StripeError."""
    if code_id := sent.get("promotion_code"):
        code = world.get("promotion_code", code_id, param=f"{param}[promotion_code]")
        return str(code["promotion"]["coupon"]), str(code["id"])
    if not sent.get("coupon"):
        raise missing_param(f"{param}[coupon]")
    return str(world.get("coupon", sent["coupon"], param=f"{param}[coupon]")["id"]), None


def add_discount(
    world: World, *, coupon: str, promotion_code: str | None, customer: str | None, start: int, **more: Any
) -> Object:
    """Redeem a coupon: the discount lasts as long as the coupon says."""
    found = world.get("coupon", coupon)
    world.change(found, times_redeemed=found["times_redeemed"] + 1)
    if code := world.find("promotion_code", promotion_code or ""):
        world.change(code, times_redeemed=code["times_redeemed"] + 1)
    end = None
    if found["duration"] == "repeating":
        end = period_end(anchor=start, start=start, interval="month", count=found["duration_in_months"])
    source = {"type": "coupon", "coupon": coupon}
    return world.add(
        stripe.Discount,
        prefix="di_",
        source=source,
        promotion_code=promotion_code,
        customer=customer,
        start=start,
        end=end,
        **more,
    )


def is_code(found: Object, value: str) -> bool:
    """Filter promotion codes by what people type."""
    return bool(found["code"].upper() == value.upper())


def is_of_coupon(found: Object, value: str) -> bool:
    """Filter promotion codes by coupon."""
    return bool(found["promotion"]["coupon"] == value)


def _is_redeemable(world: World, *, code: Object, currency: str | None) -> bool:
    coupon = world.get("coupon", code["promotion"]["coupon"])
    is_over = any(
        each["max_redemptions"] is not None and each["times_redeemed"] >= each["max_redemptions"]
        for each in (code, coupon)
    )
    is_late = code["expires_at"] is not None and code["expires_at"] <= world.now()
    is_foreign = currency is not None and coupon["currency"] not in (None, currency)
    return bool(code["active"] and coupon["valid"] and not is_over and not is_late and not is_foreign)
