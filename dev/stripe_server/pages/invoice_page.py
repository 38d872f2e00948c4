"""Invoices and receipts, and the way to pay what is open."""

from html import escape

from dev.stripe_server.api import Reply
from dev.stripe_server.money import TAX_PERCENT
from dev.stripe_server.pages.html import button, day, message, money, page, row
from dev.stripe_server.resources import collection, customers
from dev.stripe_server.shapes import Object
from dev.stripe_server.world import World

PAYMENTS = {"pay": customers.GOOD, "decline": customers.DECLINED}


def show(world: World, *, invoice: Object, error: str = "", is_plain: bool = False) -> Reply:
    """Return an invoice; `is_plain` without anything to press."""
    currency = invoice["currency"]
    rows = [row(each["description"], money(each["amount"], currency=currency)) for each in invoice["lines"]["data"]]
    off = sum(each["amount"] for each in invoice["total_discount_amounts"])
    if off:
        rows.append(row("Discount", money(-off, currency=currency)))
    if invoice["automatic_tax"]["enabled"]:
        tax = sum(each["amount"] for each in invoice["total_taxes"])
        rows.append(row(f"Tax ({TAX_PERCENT} %)", money(tax, currency=currency)))
    rows.append(row("Total", money(invoice["total"], currency=currency), css="total", name="total"))
    from_balance = invoice["total"] - invoice["amount_due"]
    if from_balance > 0:
        rows.append(row("From your balance", money(-from_balance, currency=currency)))
    rows.append(row("Amount due", money(invoice["amount_remaining"], currency=currency), name="amount-due"))
    forms = "" if is_plain else message(error, kind="bad") + _forms(world, invoice=invoice)
    body = f"""<div class="card"><h1>Invoice {escape(invoice["number"] or "(draft)")}</h1>
<p class="quiet">{escape(invoice["customer_email"] or "")} · {day(invoice["created"])} ·
<span class="badge" id="status">{invoice["status"]}</span></p>{"".join(rows)}</div>{forms}"""
    return page("Invoice", body, is_narrow=True)


def submit(world: World, *, invoice: Object, sent: dict[str, str]) -> Reply:
    """Pay an open invoice, or try to."""
    if invoice["status"] != "open":
        return show(world, invoice=invoice, error="This invoice is not open.")
    behavior = PAYMENTS.get(sent.get("action", ""), customers.GOOD)
    customer = world.get("customer", invoice["customer"])
    method = customers.add_card(world, behavior=behavior, customer=customer)
    collection.collect(world, invoice=invoice, method=method, is_off_session=False, behavior=behavior)
    error = "" if invoice["status"] == "paid" else "Your card was declined."
    return show(world, invoice=invoice, error=error)


def show_receipt(world: World, *, charge: Object) -> Reply:
    """Return the receipt of a charge."""
    currency = charge["currency"]
    rows = [row("Paid", money(charge["amount"], currency=currency)), row("Date", day(charge["created"]))]
    if charge["amount_refunded"]:
        rows.append(row("Refunded", money(-charge["amount_refunded"], currency=currency), name="refunded"))
    kept = charge["amount"] - charge["amount_refunded"]
    rows.append(row("Total", money(kept, currency=currency), css="total"))
    body = f'<div class="card"><h1>Receipt</h1><p class="quiet">{charge["id"]}</p>{"".join(rows)}</div>'
    return page("Receipt", body, is_narrow=True)


def _forms(world: World, *, invoice: Object) -> str:
    if invoice["status"] == "open":
        amount = money(invoice["amount_remaining"], currency=invoice["currency"])
        pay = button(f"Pay {amount}", name="pay", css="main", fields={"action": "pay"})
        decline = button("Pay with a declined card", name="decline", fields={"action": "decline"})
        return f'<div class="actions">{pay}{decline}</div>'
    return f'<p><a href="{escape(invoice["invoice_pdf"])}">To print</a></p>' if invoice["invoice_pdf"] else ""
