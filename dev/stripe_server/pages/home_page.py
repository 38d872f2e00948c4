"""The stand-in's own page: what time it has, what happened, and what can be made to happen."""

from html import escape

from dev.stripe_server.api import Reply
from dev.stripe_server.deliveries import Deliveries
from dev.stripe_server.pages.html import button, day, message, moment, money, page, table
from dev.stripe_server.resources import checkout, disputes, items, statuses
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

SHOWN_MAX = 20
STEPS = [("1 day", {"days": "1"}), ("7 days", {"days": "7"}), ("32 days", {"days": "32"})]


def show(world: World, *, deliveries: Deliveries, error: str = "", done: str = "") -> Reply:
    """Return the page."""
    parts = [
        "<h1>Stripe stand-in</h1>",
        message(error, kind="bad") + message(done, kind="good"),
        _time(world),
        _subscriptions(world),
        _payments(world),
        _sessions(world),
        _deliveries(world, deliveries=deliveries),
    ]
    return page("Stripe stand-in", "".join(parts))


def _time(world: World) -> str:
    buttons = "".join(
        button(f"+ {words}", name=f"advance-{sent['days']}", fields=sent, action="/do/advance") for words, sent in STEPS
    )
    return f"""<div class="card" id="time"><h2>Time</h2><p id="now">{moment(world.now())} UTC</p>
<p class="quiet">Renewals are invoiced at the period's end and charged one hour later.</p>
<div class="actions">{buttons}</div></div>"""


def _subscriptions(world: World) -> str:
    rows = []
    for each in list(reversed(world.all("subscription")))[:SHOWN_MAX]:
        customer = world.get("customer", each["customer"])
        words = ", ".join(items.describe(world, price=item["price"]) for item in each["items"]["data"])
        cells = [
            escape(customer["email"] or customer["id"]),
            escape(words),
            f'<span class="badge">{each["status"]}</span>',
        ]
        rows.append([*cells, day(items.period_of(each)[1]), _subscription_actions(world, subscription=each)])
    heads = ("Customer", "Plan", "Status", "Period ends", "")
    body = table(heads=heads, rows=rows, empty="Nobody has subscribed yet.")
    return f'<div class="card" id="subscriptions"><h2>Subscriptions</h2>{body}</div>'


def _subscription_actions(world: World, *, subscription: Object) -> str:
    if subscription["status"] in statuses.ENDED:
        return ""
    made, customer = subscription["id"], subscription["customer"]
    is_failing = bool(world.notes.get(customer, {}).get("failing_payments"))
    words, times = ("Let payments work", "0") if is_failing else ("Let payments fail", "-1")
    renew = button("Renew", name=f"renew-{made}", fields={"subscription": made}, action="/do/renew")
    fields = {"customer": customer, "times": times}
    fail = button(words, name=f"fail-{made}", fields=fields, action="/do/fail_payments")
    return f'<div class="actions">{renew}{fail}</div>'


def _payments(world: World) -> str:
    rows = []
    paid = [each for each in reversed(world.all("charge")) if each["paid"]]
    for each in paid[:SHOWN_MAX]:
        amount = money(each["amount"], currency=each["currency"])
        back = money(each["amount_refunded"], currency=each["currency"]) if each["amount_refunded"] else ""
        rows.append(
            [each["id"], day(each["created"]), escape(amount), escape(back), _payment_actions(world, charge=each)]
        )
    heads = ("Charge", "Date", "Amount", "Refunded", "")
    body = table(heads=heads, rows=rows, empty="Nobody has paid yet.", numbers=[2, 3])
    return f'<div class="card" id="payments"><h2>Payments</h2>{body}</div>'


def _payment_actions(world: World, *, charge: Object) -> str:
    made = charge["id"]
    found = next((each for each in world.all("dispute") if each["charge"] == made), None)
    if found:
        if found["status"] in disputes.CLOSED:
            return f"Dispute {found['status']}"
        buttons = [
            button(
                f"Dispute {end}",
                name=f"{end}-{made}",
                fields={"dispute": found["id"], "status": end},
                action="/do/close_dispute",
            )
            for end in disputes.CLOSED
        ]
        return f'<div class="actions">{"".join(buttons)}</div>'
    if charge["refunded"]:
        return ""
    refund = button("Refund", name=f"refund-{made}", fields={"payment": made}, action="/do/refund")
    dispute = button("Dispute", name=f"dispute-{made}", fields={"payment": made}, action="/do/dispute")
    return f'<div class="actions">{refund}{dispute}</div>'


def _sessions(world: World) -> str:
    rows = []
    for each in list(reversed(world.all(checkout.KIND)))[:SHOWN_MAX]:
        words = f"{each['status']}, {each['payment_status'].replace('_', ' ')}"
        amount = money(each["amount_total"], currency=each["currency"])
        rows.append([day(each["created"]), each["mode"], words, escape(amount), _session_actions(each)])
    heads = ("Date", "Mode", "Status", "Amount", "")
    body = table(heads=heads, rows=rows, empty="Nobody has opened a checkout yet.", numbers=[3])
    return f'<div class="card" id="sessions"><h2>Checkout sessions</h2>{body}</div>'


def _session_actions(session: Object) -> str:
    if session["status"] == checkout.OPEN:
        return f'<a href="{escape(session["url"])}">Open</a>'
    if session["status"] != checkout.COMPLETE or session["payment_status"] != "unpaid":
        return ""
    made = session["id"]
    arrives = button(
        "Money arrives", name=f"arrive-{made}", fields={"session": made, "is_paid": "true"}, action="/do/finish_delayed"
    )
    fails = button(
        "It fails", name=f"bounce-{made}", fields={"session": made, "is_paid": "false"}, action="/do/finish_delayed"
    )
    return f'<div class="actions">{arrives}{fails}</div>'


def _deliveries(world: World, *, deliveries: Deliveries) -> str:
    rows = []
    for each in list(reversed(world.all("event")))[:SHOWN_MAX]:
        tries = [record for record in deliveries.records.values() if record["event"] == each["id"]]
        status = ", ".join(f"{record['status']} ({len(record['attempts'])})" for record in tries) or "kept"
        again = button("Deliver", name=f"deliver-{each['id']}", fields={"events": each["id"]}, action="/do/deliver")
        rows.append([moment(each["created"]), escape(each["type"]), escape(status), again if deliveries.url else ""])
    where = f"Delivered to {deliveries.url}." if deliveries.url else "No webhook address: events are only kept."
    body = table(heads=("Time", "Event", "Delivery (attempts)", ""), rows=rows, empty="Nothing happened yet.")
    return f'<div class="card" id="events"><h2>Events</h2><p class="quiet">{escape(where)}</p>{body}</div>'
