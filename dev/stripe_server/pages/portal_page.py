"""The portal: change the plan, cancel, resume, another card, invoices."""

from html import escape
from typing import Any

from dev.stripe_server.api import Reply
from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError
from dev.stripe_server.pages.html import button, day, message, money, page, redirect, table
from dev.stripe_server.resources import customers, items, portal, statuses, subscriptions
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

CARDS = {"good": customers.GOOD, "fails": customers.DECLINED, "confirms": customers.NEEDS_ACTION}
CARD_WORDS = {
    "good": "A card that works (4242)",
    "fails": "A card that fails from now on (0341)",
    "confirms": "A card that confirms each time (3184)",
}
# What each flow shows, instead of everything.
SECTIONS = ("plan", "card", "invoices")
FLOWS = {"payment_method_update": ("card",), "customer_update": ()}


def show(world: World, *, session: Object, error: str = "", done: str = "") -> Reply:
    """Return the portal of a session."""
    customer = world.get("customer", session["customer"])
    flow = session["flow"]
    sections = FLOWS.get(flow["type"], ("plan",)) if flow else SECTIONS
    parts = [_heading(session, customer=customer), message(error, kind="bad"), message(done, kind="good")]
    if "plan" in sections:
        parts += [_plan(world, session=session, subscription=each) for each in _alive(world, customer=customer)]
        if not _alive(world, customer=customer):
            parts.append('<div class="card" id="no-plan"><h2>Plan</h2><p class="quiet">No subscription.</p></div>')
    if "card" in sections:
        parts.append(_card(world, customer=customer))
    if "invoices" in sections:
        parts.append(_invoices(world, customer=customer))
    return page("Billing", "".join(parts))


def submit(world: World, *, session: Object, sent: dict[str, str]) -> Reply:
    """Do what a form of the portal asks for."""
    try:
        done = _act(world, session=session, sent=sent)
    except StripeError as refusal:
        return show(world, session=session, error=str(refusal))
    flow = session["flow"]
    if flow and flow["after_completion"]["type"] == "redirect":
        return redirect(flow["after_completion"]["redirect"]["return_url"])
    return show(world, session=session, done=done)


def _act(world: World, *, session: Object, sent: dict[str, str]) -> str:
    customer = world.get("customer", session["customer"])
    action = sent.get("action")
    if action == "card":
        behavior = CARDS.get(sent.get("card", ""), customers.GOOD)
        method = customers.add_card(world, behavior=behavior, customer=customer)
        customers.use_for_all(world, customer=customer, method=method)
        return "Your card was changed."
    subscription = _own(world, customer=customer, subscription_id=sent.get("subscription", ""))
    changes, done = _changes(world, session=session, subscription=subscription, sent=sent)
    if changes is None:
        subscriptions.cancel_now(world, subscription=subscription)
    else:
        subscriptions.update(Call(world=world, params=changes, ids=(subscription["id"],)))
    return done


def _changes(
    world: World, *, session: Object, subscription: Object, sent: dict[str, str]
) -> tuple[dict[str, Any] | None, str]:
    """Return what to change about a subscription (None: end it now), and what to say about it."""
    features = world.get(portal.KIND, session["configuration"])["features"]
    action = sent.get("action")
    if action == "resume":
        return {"cancel_at_period_end": False, "cancel_at": ""}, "Your plan goes on."
    if action == "cancel":
        if features["subscription_cancel"]["mode"] == "immediately":
            return None, "Your plan has ended."
        end = items.period_of(subscription)[1]
        at_end: dict[str, Any] = {"cancel_at_period_end": True}
        if world.settings.get("portal_cancels_with") == "cancel_at":
            at_end = {"cancel_at": end}
        return at_end, f"Your plan ends on {day(end)}."
    if action == "change":
        item = subscription["items"]["data"][0]
        proration = features["subscription_update"]["proration_behavior"]
        change = {"items": [{"id": item["id"], "price": sent.get("price", "")}], "proration_behavior": proration}
        if subscription["status"] == "trialing":
            change["trial_end"] = "now"
        return change | {"payment_behavior": "error_if_incomplete"}, "Your plan was changed."
    raise StripeError("Choose what to do.")


def _own(world: World, *, customer: Object, subscription_id: str) -> Object:
    found = world.get("subscription", subscription_id)
    if found["customer"] != customer["id"] or found["status"] in statuses.ENDED:
        raise StripeError("This plan has ended.")
    return found


def _alive(world: World, *, customer: Object) -> list[Object]:
    found = world.all("subscription")
    return [each for each in found if each["customer"] == customer["id"] and each["status"] not in statuses.ENDED]


def _heading(session: Object, *, customer: Object) -> str:
    link = ""
    if session["return_url"]:
        link = f'<p><a id="return" href="{escape(session["return_url"])}">← Go back</a></p>'
    who = escape(customer["email"] or customer["id"])
    return f'{link}<h1>Billing</h1><p class="quiet">{who}</p>'


def _plan(world: World, *, session: Object, subscription: Object) -> str:
    features = world.get(portal.KIND, session["configuration"])["features"]
    names = [items.describe(world, price=each["price"]) for each in subscription["items"]["data"]]
    end, status = items.period_of(subscription)[1], subscription["status"]
    told = (
        f"Renews on {day(end)}." if subscription["cancel_at"] is None else f"Ends on {day(subscription['cancel_at'])}."
    )
    fields = {"subscription": subscription["id"]}
    buttons = []
    if subscription["cancel_at"] is not None:
        buttons.append(button("Resume the plan", name="resume", css="main", fields={**fields, "action": "resume"}))
    elif features["subscription_cancel"]["enabled"]:
        buttons.append(button("Cancel the plan", name="cancel", css="danger", fields={**fields, "action": "cancel"}))
    change = ""
    if features["subscription_update"]["enabled"]:
        change = _change_form(world, session=session, subscription=subscription)
    return f"""<div class="card" id="plan"><h2>Plan <span class="badge" id="status">{status}</span></h2>
<p>{escape(", ".join(names))}<br><span class="quiet" id="renewal">{told}</span></p>{change}
<div class="actions">{"".join(buttons)}</div></div>"""


def _change_form(world: World, *, session: Object, subscription: Object) -> str:
    offered = _offered(world, session=session)
    current = subscription["items"]["data"][0]["price"]["id"]
    options = "".join(
        f'<option value="{price["id"]}" data-lookup-key="{escape(price["lookup_key"] or "")}">'
        f"{escape(items.describe(world, price=price))}</option>"
        for price in offered
        if price["id"] != current and price["active"]
    )
    if not options:
        return ""
    hidden = f'<input type="hidden" name="subscription" value="{subscription["id"]}">'
    hidden += '<input type="hidden" name="action" value="change">'
    label = f'<label class="field">Another plan<select name="price" id="price">{options}</select></label>'
    return f'<form method="post" class="inline">{hidden}{label}<button id="change">Change the plan</button></form>'


def _offered(world: World, *, session: Object) -> list[Object]:
    flow = session["flow"]
    if flow and flow["type"] == "subscription_update_confirm":
        return [world.get("price", each["price"]) for each in flow["subscription_update_confirm"]["items"]]
    features = world.get(portal.KIND, session["configuration"])["features"]
    products = features["subscription_update"]["products"] or []
    return [world.get("price", price) for each in products for price in each["prices"]]


def _card(world: World, *, customer: Object) -> str:
    owned = [each for each in world.all("payment_method") if each["customer"] == customer["id"] and "card" in each]
    shown = "No card yet."
    if owned:
        card = owned[-1]["card"]
        shown = f"{card['brand'].capitalize()} ending in {card['last4']}"
    options = "".join(f'<option value="{value}">{words}</option>' for value, words in CARD_WORDS.items())
    label = f'<label class="field">Another card<select name="card" id="card-choice">{options}</select></label>'
    form = f'<form method="post" class="inline">{label}<input type="hidden" name="action" value="card">'
    form += '<button id="update-card">Use this card</button></form>'
    return f'<div class="card" id="card"><h2>Payment method</h2><p>{shown}</p>{form}</div>'


def _invoices(world: World, *, customer: Object) -> str:
    rows = []
    for each in reversed(world.all("invoice")):
        if each["customer"] != customer["id"] or each["status"] == "draft":
            continue
        link = f'<a href="{escape(each["hosted_invoice_url"])}">{escape(each["number"])}</a>'
        amount = money(each["total"], currency=each["currency"])
        rows.append([day(each["created"]), link, f'<span class="badge">{each["status"]}</span>', escape(amount)])
    heads = ("Date", "Invoice", "Status", "Total")
    body = table(heads=heads, rows=rows, empty="No invoices yet.", numbers=[3])
    return f'<div class="card" id="invoices"><h2>Invoices</h2>{body}</div>'
