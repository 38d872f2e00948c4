"""The checkout page: one chooses how the payment goes."""

from html import escape

from dev.stripe_server.api import Reply
from dev.stripe_server.money import TAX_PERCENT, TIMES
from dev.stripe_server.pages.html import button, choice, message, money, page, redirect, row
from dev.stripe_server.resources import checkout, completion, items
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

CHOICES = [
    ("success", "Card 4242, pays", "The payment succeeds."),
    ("three_d_secure", "Card 3220, asks for 3-D Secure", "The bank wants a confirmation first."),
    ("decline", "Card 0002, declined", "The bank says no; you stay on this page."),
    ("insufficient_funds", "Card 9995, insufficient funds", "The account is empty; you stay on this page."),
    ("delayed", "SEPA debit, takes days", "You are sent back at once; the money arrives, or not, later."),
]
RENEWAL_CHOICES = [
    ("renewals_fail", "Card 0341, declined at renewals", "Pays now, fails from the next renewal on."),
    ("renewals_need_action", "Card 3184, confirms each time", "Pays now, wants 3-D Secure at each renewal."),
]
REFUSALS = {
    "decline": "Your card was declined. Try another one.",
    "insufficient_funds": "Your card has insufficient funds. Try another one.",
}
CONFIRM, REFUSE = "confirm", "refuse"


def show(world: World, *, session: Object, error: str = "", code: str = "") -> Reply:
    """Return the page of a session, or what has become of it."""
    if session["status"] == checkout.COMPLETE:
        return _closed(
            session, title="You have paid already", text="This checkout is complete. Nothing was charged again."
        )
    if session["status"] == checkout.EXPIRED:
        return _closed(
            session, title="This checkout has expired", text="Go back and start again. You were not charged."
        )
    left = _back(session) + _summary(world, session=session, code=code)
    right = message(error, kind="bad") + _form(world, session=session)
    body = f'<div class="columns"><section>{left}</section><section class="card">{right}</section></div>'
    return page("Checkout", body)


def submit(world: World, *, session: Object, sent: dict[str, str]) -> Reply:
    """Do what a form of the page asks for."""
    if session["status"] != checkout.OPEN:
        return show(world, session=session)
    if "code" in sent:
        return _use_code(world, session=session, code=sent["code"])
    outcome = sent.get("outcome", completion.SUCCESS)
    details = {name: sent.get(name, "").strip() for name in ("email", "name")}
    if outcome == "three_d_secure" and "answer" not in sent:
        return _ask_bank(session, details=details)
    if sent.get("answer") == REFUSE:
        completion.complete(world, session=session, outcome=completion.DECLINE, details=details)
        error = "We are unable to authenticate your payment method. Choose another one and try again."
        return show(world, session=session, error=error)
    completion.complete(world, session=session, outcome=outcome, details=details)
    if session["status"] == checkout.OPEN:
        return show(world, session=session, error=REFUSALS[outcome])
    return redirect(success_url(session))


def success_url(session: Object) -> str:
    """Return where a paid session leads."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _use_code(world: World, *, session: Object, code: str) -> Reply:
    if session["allow_promotion_codes"] and completion.use_code(world, session=session, code=code):
        return redirect(session["url"])
    return show(world, session=session, error="This code is invalid.", code=code)


def _ask_bank(session: Object, *, details: dict[str, str]) -> Reply:
    shared = {"outcome": "three_d_secure", **details}
    amount = money(session["amount_total"], currency=session["currency"])
    body = f"""<div class="card">
<h1>Your bank asks: is it you?</h1>
<p>3-D Secure for a payment of {escape(amount)}.</p>
<div class="actions">
{button("Confirm", name="three-d-secure-confirm", css="main", fields={**shared, "answer": CONFIRM})}
{button("Refuse", name="three-d-secure-refuse", fields={**shared, "answer": REFUSE})}
</div>
</div>"""
    return page("Confirm the payment", body, is_narrow=True)


def _closed(session: Object, *, title: str, text: str) -> Reply:
    is_paid = session["status"] == checkout.COMPLETE
    target = success_url(session) if is_paid else session["cancel_url"]
    link = f'<a class="button" id="back" href="{escape(target)}">Go back</a>' if target else ""
    body = f'<div class="card"><h1 id="closed">{title}</h1><p>{text}</p>{link}</div>'
    return page(title, body, is_narrow=True)


def _back(session: Object) -> str:
    if not session["cancel_url"]:
        return ""
    return f'<p><a id="abandon" href="{escape(session["cancel_url"])}">← Leave without paying</a></p>'


def _summary(world: World, *, session: Object, code: str) -> str:
    note, currency = world.note(session["id"]), session["currency"]
    rows = [row(_describe(each), money(each["amount_subtotal"], currency=currency)) for each in note["line_items"]]
    details, days = session["total_details"], checkout.trial_days(world, session=session)
    if details["amount_discount"]:
        rows.append(row("Discount", money(-details["amount_discount"], currency=currency), name="discount"))
    if session["automatic_tax"]["enabled"]:
        rows.append(row(f"Tax ({TAX_PERCENT} %)", money(details["amount_tax"], currency=currency), name="tax"))
    if days:
        rows.append(row("Free trial", f"{days} days"))
    rows.append(row("Total due today", money(session["amount_total"], currency=currency), css="total"))
    title = "Subscribe" if session["mode"] == "subscription" else "Pay"
    amount = money(session["amount_total"], currency=currency)
    return (
        f'<h1>{title}</h1><p class="amount" id="amount">{amount}</p><div class="card">{"".join(rows)}</div>'
        + _code_form(session, code=code)
    )


def _describe(sold: Object) -> str:
    price, quantity = sold["price"], sold["quantity"]
    if items.is_metered(price):
        return f"{sold['description']} (by usage)"
    every = f" / {price['recurring']['interval']}" if price["recurring"] else ""
    return f"{sold['description']}{every}" + (f" {TIMES} {quantity}" if quantity != 1 else "")


def _code_form(session: Object, *, code: str) -> str:
    if not session["allow_promotion_codes"]:
        return ""
    used = bool(session["discounts"])
    field = (
        f'<label class="field">Promotion code<input type="text" name="code" id="code" value="{escape(code)}"></label>'
    )
    remove = button("Remove the code", name="remove-code", fields={"code": ""}) if used else ""
    return f'<form method="post" class="inline">{field}<button id="apply-code">Apply</button></form>{remove}'


def _form(world: World, *, session: Object) -> str:
    customer = world.find("customer", session["customer"] or "") or {}
    email = session["customer_email"] or customer.get("email") or completion.SOMEBODY["email"]
    name = customer.get("name") or completion.SOMEBODY["name"]
    shown = CHOICES + (RENEWAL_CHOICES if session["mode"] == "subscription" else [])
    choices = "".join(
        choice(name="outcome", value=value, title=title, explanation=text, is_checked=value == completion.SUCCESS)
        for value, title, text in shown
    )
    amount = money(session["amount_total"], currency=session["currency"])
    label = f"Pay {amount}" if session["amount_total"] else "Start"
    return f"""<form method="post" action="{escape(session["url"])}">
<label class="field">Email<input type="email" name="email" id="email" value="{escape(email)}" required></label>
<label class="field">Name<input type="text" name="name" id="name" value="{escape(name)}"></label>
<fieldset><legend>How the payment goes</legend>{choices}</fieldset>
<button class="main wide" id="pay">{escape(label)}</button>
</form>"""
